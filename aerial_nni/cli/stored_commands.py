"""Verbs about experiments that exist: resume, view, stop, report, repair."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from aerial_nni.cli.experiment_flags import (
    Verb,
    Verbs,
    add_docs,
    add_experiment_flags,
    add_host,
    add_port,
    add_runs,
)
from aerial_nni.cli.output import answer, finished, settings_of
from aerial_nni.config.errors import UserError
from aerial_nni.recipes import RECIPES


class NoneGiven(UserError):
    """A verb was given no experiment. The message says what to type."""


def add_flags(verbs: Verbs) -> None:
    """The parsers of these verbs."""
    text = "go on with an experiment that ended"
    parser = _with_id(verbs, "resume", resume, text, " --trials 20")
    parser.add_argument(
        "--trials",
        type=int,
        metavar="N",
        help="trials in all, final ones counted (default: as before)",
    )
    add_experiment_flags(parser, failures=None)
    text = "the web UI of one that runs or is over"
    parser = _with_id(verbs, "view", view, text, " --open")
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    add_runs(parser)
    add_port(parser)
    add_host(parser)
    parser = _with_id(verbs, "stop", stop, "end one that is running")
    add_runs(parser)
    parser = _with_id(verbs, "report", report, "write the document", " --docs docs", many=True)
    parser.add_argument(
        "--all",
        action="store_true",
        help="one page over all milestones, results.md: what the experiments given, or else all "
        "there are, reached on the same patches and at what cost",
    )
    add_docs(parser)
    parser.add_argument(
        "--measure",
        action="store_true",
        help="of a distillation or an architecture search: first time its models on this machine, "
        "again if they were before",
    )
    add_runs(parser)
    text = "make the record of an experiment anew that list calls damaged"
    add_runs(_with_id(verbs, "repair", repair, text))


def _with_id(
    verbs: Verbs,
    name: str,
    verb: Verb,
    text: str,
    more: str = "",
    *,
    many: bool = False,
) -> argparse.ArgumentParser:
    """A verb about one experiment, or about several."""
    example = f"python -m aerial_nni.run {name} abcd1234{more}"
    parser = verbs.add_parser(name, help=text, description=text, example=example)
    parser.set_defaults(verb=verb)
    help_text = "the experiment, or the beginning of its name; see: list"
    parser.add_argument("id", nargs="*" if many else None, metavar="ID", help=help_text)
    return parser


def resume(given: argparse.Namespace) -> int:
    """Goes on with an experiment."""
    from aerial_nni.nni_backend.stored_experiments import resume as go_on

    limits = {"trials": given.trials, "failures": given.max_failures}
    return finished(go_on(settings_of(given), given.id, **limits, kinds=RECIPES), given)


def view(given: argparse.Namespace) -> int:
    """Shows the web UI of an experiment."""
    from aerial_nni.nni_backend.lifecycle import Settings
    from aerial_nni.nni_backend.stored_experiments import view as look

    settings = Settings(runs=given.runs, port=given.port, host=given.host)
    look(settings, given.id, browser=given.open)
    return 0


def stop(given: argparse.Namespace) -> int:
    """Ends a running experiment."""
    from aerial_nni.nni_backend.stored_experiments import stop as end

    record = end(given.runs, given.id)
    answer(given, {"id": record.id, "state": record.state, "reason": record.reason},
           f"{record.id} {record.state.lower()}: {record.reason}")  # fmt: skip
    return 0


def repair(given: argparse.Namespace) -> int:
    """Makes a record anew from what is left."""
    from aerial_nni.nni_backend.record_repair import repair as mend
    from aerial_nni.nni_backend.records import as_dict

    record, said = mend(given.runs, given.id, RECIPES)
    folder = given.runs.expanduser().resolve() / record.id
    scored = sum(trial.score is not None for trial in record.trials)
    text = f"{said}\n{record.id} {record.kind}, trials with a score: {scored}"
    answer(given, {**as_dict(record, folder), "done": said}, text)
    return 0


def report(given: argparse.Namespace) -> int:
    """Writes the document of one or several experiments, or the page over all of them."""
    from aerial_nni.config.run_folder import check_writable
    from aerial_nni.nni_backend import records
    from aerial_nni.nni_backend.progress import say
    from aerial_nni.recipes.documents import named_place, usual_place, write_report

    runs = given.runs.expanduser().resolve()
    if given.docs:
        check_writable(given.docs, flag="--docs")
    folders = [records.find(runs, name) for name in given.id]
    if given.all:
        return _page(given, folders or records.folders(runs))
    if not folders:
        known = records.describe_known(runs, [folder.name for folder in records.folders(runs)])
        raise NoneGiven(f"give the ID of an experiment, or --all; {known}")
    if given.measure:
        for folder in folders:
            if recipe := RECIPES.get(records.load(folder).kind):
                recipe.take_measurements(folder, again=True)
    place, said = named_place(folders, given.docs) if given.docs else usual_place(folders)
    say("writing the document: figures take a while")
    document = write_report(folders, place).resolve()
    say(said)
    answer(given, {"ids": given.id, "report": str(document)}, str(document))
    return 0


def _page(given: argparse.Namespace, folders: Sequence[Path]) -> int:
    """Writes the page over all milestones."""
    from aerial_nni.nni_backend.progress import say
    from aerial_nni.recipes.documents import named_page, usual_page, write_page

    place, said = named_page(folders, given.docs) if given.docs else usual_page(folders)
    say("writing the page")
    document = write_page(folders, place).resolve()
    say(said)
    ids = [folder.name for folder in folders]
    answer(given, {"ids": ids, "report": str(document)}, str(document))
    return 0
