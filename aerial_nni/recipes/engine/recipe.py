"""What a recipe is: one kind of experiment, declared once; everything else is made from it.

A recipe's declaration is quick to import, as the command line imports all of them to begin with:
what is slow to import is named by a text "module:name" and imported where it is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeAlias

from aerial_nni.config.options import TrialOptions
from aerial_nni.config.resolution import describe_default

if TYPE_CHECKING:
    from aerial_nni.nni_backend.records import Record
    from aerial_nni.reporting.folder import Experiment
    from aerial_nni.reporting.overview.rows import Made

Lazy: TypeAlias = str
"""Something of a module, as "module:name"."""

OTHERS = "*"
"""Among presets, those of every dataset, beneath its own."""

SPLITS: Mapping[str, str] = {"geo": "blocks", "torchgeo": "given"}
"""Dataset -> how it is divided where that is not by images."""

Conclusion: TypeAlias = tuple[dict[str, Any], str]
"""Values for `--json`, and the same as text; both empty where there is nothing more to say."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """The document of an experiment: its name, and what writes it."""

    name: str
    write: Lazy
    """(experiments, folder) -> path of the document."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One kind of experiment."""

    kind: str
    """Its verb, the name of its folder, and the kind that is recorded."""
    options: type[TrialOptions] = TrialOptions
    """Of a trial."""
    trial: str
    """The module of a trial, run with `python -m`."""
    build_setup: Lazy
    """(options, data context, folder) -> what a trial trains."""
    command: Lazy
    """Adds its verb to the parser."""
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Dataset -> options that differ from the defaults there; `OTHERS` are those of all."""
    plan: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """As `presets`, of how much is searched and what follows: see `engine.search.plan_of`."""
    document: Document
    overview: Lazy
    """experiment -> what it brings to the page over all kinds."""
    milestone: str = ""
    """The milestone of the course that it is; the page over all misses it where it was not run."""
    required: tuple[str, ...] = ()
    """Words that its command needs."""
    summary: Lazy = ""
    """(record, folder) -> `Conclusion`, where it says more than its best trial."""
    measure: Lazy = ""
    """(folder, again=) -> None: what is measured once all trials have ended, for the document."""
    never_best: tuple[str, ...] = ()
    """Phases whose trials are never the best, beside controls."""
    best_phase: str = ""
    """A phase whose trials are above those of all others."""
    benchmark: str = ""
    """The module of its benchmark."""
    needs: tuple[str, ...] = ()
    """Libraries that it imports only where it needs them."""

    def preset(self, data: str) -> dict[str, Any]:
        """Options that differ from the defaults on a dataset where nothing else is said."""
        name = data.partition(":")[0]
        split = {"split": SPLITS[name]} if name in SPLITS else {}
        return {**self.presets.get(OTHERS, {}), **split, **self.presets.get(name, {})}

    def planned(self, data: str) -> dict[str, Any]:
        """How much is searched on a dataset, and what follows, where nothing else is said."""
        return {**self.plan.get(OTHERS, {}), **self.plan.get(data.partition(":")[0], {})}

    def describe_planned(self, name: str) -> str:
        """What the help says of a number of the plan: usually, and on the built-in dataset."""
        return describe_default(None, name, self.planned, self.options().data)

    def conclude(self, record: "Record", folder: Path) -> Conclusion:
        """What the final trials of an experiment say."""
        if not self.summary:
            return {}, ""
        said: Conclusion = resolve_name(self.summary)(record, folder)
        return said

    def take_measurements(self, folder: Path, *, again: bool = False) -> None:
        """Measures what the document needs, once or `again`, on this machine.

        No trial can: it is about several of them side by side. What goes wrong is told, and the
        document says then that it was not measured.
        """
        if not self.measure:
            return
        try:
            resolve_name(self.measure)(folder, again=again)
        except Exception as error:  # whatever torch or ONNX Runtime raises
            from aerial_nni.nni_backend.progress import say

            hint = f"try again with: python -m aerial_nni.run report {folder.name} --measure"
            say(f"not measured ({type(error).__name__}: {error}); {hint}")

    def write(self, experiments: Sequence["Experiment"], docs: Path) -> Path:
        """Writes the document of experiments of this kind; its path."""
        written: Path = resolve_name(self.document.write)(experiments, docs)
        return written

    def rows(self, experiment: "Experiment") -> "Made":
        """What an experiment brings to the page over all kinds."""
        made: Made = resolve_name(self.overview)(experiment)
        return replace(made, document=self.document.name)

    def write_document(self, record: "Record", folder: Path, docs: Path | None) -> Path | None:
        """The document of an experiment that is over; None where there is nothing to report."""
        from aerial_nni.recipes.documents import write_document

        return write_document(self, record, folder, docs)
