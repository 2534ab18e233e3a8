"""`docs/results.md`: score against cost over all milestones, and how to make all of it again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from aerial_nni.reporting.destination import experiments_of
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.format import LEAKY, duration, join_and, pluralize, spread, table
from aerial_nni.reporting.overview.comparability import Comparable, Overview
from aerial_nni.reporting.overview.pending import explain_missing
from aerial_nni.reporting.overview.picture import draw_costs
from aerial_nni.reporting.overview.rows import Made, Row
from aerial_nni.reporting.provenance import describe_places

NAME = "results"

CAUTION = (
    "The patches that give these scores also chose the epoch of each run, and configurations, "
    "ways to learn and architectures: the highest scores are optimistic."
)


def write_overview(found: Overview, docs: Path) -> Path:
    """Writes `results.md` and its figure under `docs`; returns the document's path."""
    return write_document(
        docs,
        NAME,
        figures={"score-cost": draw_costs(_rows(found.grounds[0]))},
        compose=lambda links: compose(found, docs, links),
    )


def _rows(ground: Comparable) -> list[Row]:
    return [row for made in ground.made for row in made.rows]


def compose(found: Overview, docs: Path, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    main = found.grounds[0]
    parts = [
        "# Results over all milestones",
        summary(main),
        "## 1. Score and cost",
        score_table(main),
        reading(main),
        f"![Mean IoU against parameters and multiply-adds of each network]({links['score-cost']})",
        "Hollow marks are controls: what a row of the same experiment is measured against. Marks "
        "at nearly the same place are drawn a little apart, the cheaper on the left.",
        explain_missing(found),
        "## 2. How each was made",
        made_table(found.made, docs),
        *explain_others(found),
        "## 4. To make it again",
        commands(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(main: Comparable) -> str:
    """Where the scores are from, the best row, and what is optimistic in it."""
    best = max((row for row in _rows(main) if not row.control), key=lambda row: mean(row.scores))
    runs = pluralize(len(best.scores), "run")
    leaky = f" **The split is {LEAKY}.**" if main.split["leaky"] else ""
    return (
        f"All scores of the first table are on the same patches: {main.name}.{leaky} The highest "
        f"is that of the {best.name}: a mean IoU of **{spread(best.scores)}** ({runs}). {CAUTION}"
    )


def score_table(ground: Comparable) -> str:
    """A row for each network of each experiment."""
    lines = [
        [
            row.name if row.control else f"**{row.name}**",
            row.network,
            spread(row.scores),
            str(len(row.scores)),
            _range(row.epochs),
            _range(row.parameters),
            _range([round(count / 1e6) for count in row.multiply_adds], " M"),
            "–" if row.seconds is None else f"{1e3 * row.seconds:.1f} ms",
            f"`{made.experiment.id}`",
        ]
        for made in ground.made
        for row in made.rows
    ]
    header = ["what", "network", "mean IoU", "runs", "epochs", "parameters",
              "multiply-adds of a patch", "time of a patch", "experiment"]  # fmt: skip
    return table(header, lines, text_columns=2)


def _range(values: Sequence[int], unit: str = "") -> str:
    """The only value, or the least and the largest; a dash where there is none."""
    ends = sorted({min(values), max(values)}) if values else []
    return " to ".join(f"{value:,}{unit}" for value in ends) or "–"


def reading(ground: Comparable) -> str:
    """What may be compared in the table: lengths, spreads, times."""
    text = [
        "Mean ± sample standard deviation over runs. Rows of one experiment were trained alike, "
        "but for those of a teacher and of 8 bits, and may be compared; what a method is worth is "
        "its row less its control."
    ]
    if len({epochs for row in _rows(ground) for epochs in row.epochs}) > 1:
        text.append(
            "**Runs of different experiments differ in length** (epochs), and a longer run may "
            "score higher whatever the method."
        )
    timed = [made for made in ground.made if any(row.seconds for row in made.rows)]
    if timed:
        ids = join_and([f"`{made.experiment.id}`" for made in timed])
        text.append(f"Times of a patch were measured on a processor at the end of {ids}.")
    known = {
        trial.metrics["checkpoint"]["sha256"]: f"{made.experiment.id}/{trial.folder.name}"
        for made in ground.made
        for trial in made.experiment.trials
    }
    for made in ground.made:
        if made.teacher in known:
            text.append(
                f"The teacher of `{made.experiment.id}` is the run `{known[made.teacher]}`."
            )
        if made.note:
            text.append(made.note)
    return " ".join(text)


def made_table(found: Sequence[Made], docs: Path) -> str:
    """An experiment a row: kind, method, trials, time, machine, document."""
    lines = [
        [
            f"`{made.experiment.id}`",
            f"`{made.experiment.kind}`",
            made.method,
            made.trials,
            duration(made.seconds),
            made.shown.metrics["cost"]["machine"],
            _ended(made),
            _document(made, docs),
        ]
        for made in found
    ]
    header = ["experiment", "kind", "method", "trials", "training time of all", "machine", "ended",
              "its own document"]  # fmt: skip
    return table(header, lines, text_columns=8)


def _ended(made: Made) -> str:
    record = made.experiment.record
    state = "" if record["state"] == "DONE" else f" ({str(record['state']).lower()})"
    return f"{str(record.get('ended') or '–')[:10]}{state}"


def _document(made: Made, docs: Path) -> str:
    """A link to the document of the experiment, where it lies beside this page."""
    path = docs / f"{made.document}.md"
    there = path.is_file() and made.experiment.id in experiments_of(path)
    return f"[{made.document}]({made.document}.md)" if there else "–"


def explain_others(found: Overview) -> list[str]:
    """The other grounds, each with its own table, and what could not be used, in Markdown."""
    main, *others = found.grounds
    parts = []
    for ground in others:
        parts += [
            f"### {ground.name}",
            f"Not as in the first table: {join_and(ground.against(main))}.",
            score_table(ground),
        ]
    if parts:
        parts.insert(0, "These scores **must not be compared with those above**: they are of other "
                        "patches, or after training on others.")  # fmt: skip
    for name, reason in found.left_out.items():
        parts.append(f"`{name}` is left out: {reason}.")
    return ["## 3. On other patches", *(parts or ["There is nothing on other patches."])]


def commands(found: Overview) -> str:
    """The command of each experiment, and the one that writes this page, in Markdown."""
    ids = " ".join(made.experiment.id for made in found.made)
    lines = [*(made.command for made in found.made), f"python -m aerial_nni.run report --all {ids}"]
    places = {"CHECKPOINT": "a teacher's", "FILE": "a file with a search space"}
    return (
        f"The commands{describe_places(lines, places)}:\n\n```\n" + "\n".join(lines) + "\n```\n\n"
        "Everything on this page is read from result folders: rows from `metrics.json`, methods "
        "and trials from `experiment.json`, times from `history.csv` and `costs.json`. Each "
        "experiment's own document has versions, options and digests."
    )
