"""Launching an experiment from its definition."""

import contextlib
import dataclasses
import functools
import secrets
import shutil
import string
from collections.abc import Callable, Iterator
from pathlib import Path

from aerial_nni.config.options import TrialOptions, as_dict
from aerial_nni.config.parts import made
from aerial_nni.config.run_folder import SHARED, SPACE, atomic, digests_of
from aerial_nni.config.run_folder_schema import Limits, Method
from aerial_nni.config.safe_reading import as_yaml
from aerial_nni.nni_backend.definition import (
    OPTIONS_FILE,
    Definition,
    limits_of,
    nni_config,
    read_config,
)
from aerial_nni.nni_backend.estimate import say_estimate
from aerial_nni.nni_backend.kind import PLAIN, Kind
from aerial_nni.nni_backend.lifecycle import Outcome, Settings, alone, conduct
from aerial_nni.nni_backend.platforms import connect, platform_of
from aerial_nni.nni_backend.progress import say
from aerial_nni.nni_backend.records import NNI_DIRECTORY, Record, now
from aerial_nni.nni_backend.server import Server

Prepare = Callable[[TrialOptions, Path], TrialOptions]
"""Makes ready what all trials share; returns the options they start from."""


def launch(
    definition: Definition, settings: Settings, *, prepare: Prepare, kind: Kind = PLAIN
) -> Outcome:
    """Runs the experiment to its end; what is made of its trials then is for its `kind` to say.

    Raises:
        PortBusy, BadHost: the web UI cannot listen there.
        NotWritable: nothing can be written where results or the document go.
        BadConfig, NotReachable: the configuration file cannot be used.
        DatasetMissing, BadSamples, SplitOverlap, BadOption: the data cannot be used.
        StartFailed: NNI did not start.
    """
    settings.check()
    file = read_config(settings.config)
    limits = limits_of(
        definition, file, concurrency=settings.concurrency, max_minutes=settings.max_minutes
    )
    runs = settings.runs.expanduser().resolve()
    folder = runs / _new_id(runs)
    with contextlib.ExitStack() as stack:
        with gone_on_error(folder):
            options = prepare(definition.options, folder)
            nni_directory = runs / NNI_DIRECTORY
            # What was typed about the data is looked at before the port.
            server = stack.enter_context(
                Server(folder.name, nni_directory=nni_directory,
                       port=settings.port, host=settings.host)
            )  # fmt: skip
            stack.enter_context(alone(folder))
            write_options(folder, options)
            if definition.space_file is not None:
                with atomic(folder / SPACE) as temporary:
                    shutil.copyfile(definition.space_file, temporary)
            config = nni_config(definition, limits, file, folder=folder)
            connect(config, settings.host)
            if fixed := definition.method.get("given"):
                say(f"given, so not searched: {', '.join(f'{k}={v}' for k, v in fixed.items())}")
            local = platform_of(config) == "local"
            say_estimate(definition, limits, folder, options=options, local=local)
            record = _record(definition, limits, server, settings)
            record.name = config.experiment_name or record.name
            record.digests = digests_of(folder, SHARED)
        start = functools.partial(server.start, config)
        return conduct(start, server, record, folder, settings=settings, kind=kind)


@contextlib.contextmanager
def gone_on_error(folder: Path) -> Iterator[None]:
    """What the block has put into `folder` is removed where it fails or is interrupted."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _record(definition: Definition, limits: Limits, server: Server, settings: Settings) -> Record:
    """What is known of an experiment before it begins."""
    return Record(
        id=server.experiment,
        kind=definition.kind,
        name=definition.name,
        options=as_dict(definition.options),
        space=dict(definition.space),
        limits=dataclasses.replace(limits, max_failures=settings.patience.failures),
        port=server.address.port,
        url=server.url,
        nni_directory=str(server.nni_directory),
        module=definition.module,
        method=made(Method, definition.method, "the record of a method"),
        created=now(),
        command_line=settings.command_line,
        origins=dict(definition.origins),
    )


def write_options(folder: Path, options: TrialOptions) -> None:
    """Writes the options that every trial of an experiment starts from."""
    with atomic(folder / OPTIONS_FILE) as temporary:
        temporary.write_text(as_yaml(as_dict(options)), encoding="utf-8")


def _new_id(runs: Path) -> str:
    """An id like NNI's own that is not taken."""
    while True:
        rest = (secrets.choice(string.ascii_lowercase + string.digits) for _ in range(7))
        name = secrets.choice(string.ascii_lowercase) + "".join(rest)
        if not (runs / name).exists():
            return name
