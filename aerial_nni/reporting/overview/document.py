"""`docs/results.md`: score against cost over all kinds, and how to make all of it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from aerial_nni.reporting.destination import experiments_of
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.format import duration, spread
from aerial_nni.reporting.overview.comparability import Comparable, Overview
from aerial_nni.reporting.overview.pending import missing_milestones
from aerial_nni.reporting.overview.picture import draw_costs
from aerial_nni.reporting.overview.rows import Made, Row
from aerial_nni.reporting.render import render
from aerial_nni.reporting.sources import describe_places, typed_command

NAME = "results"
TEMPLATE = "reporting/overview/report.md.j2"


def write_overview(found: Overview, docs: Path) -> Path:
    """Writes `results.md` and its figure under `docs`; returns the document's path."""
    facts = facts_of(found, docs)
    return write_document(
        docs,
        NAME,
        figures={"score-cost": draw_costs(facts["main"].rows)},
        compose=lambda links: render(TEMPLATE, **facts, links=links),
    )


def facts_of(found: Overview, docs: Path) -> dict[str, Any]:
    """What the template says."""
    main, *others = (Table(ground) for ground in found.grounds)
    typed = {one.experiment.id: typed_command(one.experiment.record) for one in found.made}
    commands = [command for command in typed.values() if command]
    commands.append(f"python -m aerial_nni.run report --all {' '.join(typed)}")
    return {
        "main": main,
        "others": others,
        "best": max((row for row in main.rows if not row.control), key=lambda r: mean(r.scores)),
        "missing": missing_milestones(found),
        "made": [_made_row(made, docs) for made in found.made],
        "left_out": found.left_out,
        "commands": commands,
        "places": describe_places(commands),
        "unrecorded": [f"`{name}`" for name, command in typed.items() if not command],
    }


@dataclass(frozen=True)
class Table:
    """Experiments whose scores stand in one table, and what is said of it."""

    ground: Comparable

    @property
    def name(self) -> str:
        """Dataset, split and number of patches."""
        return self.ground.name

    @property
    def split(self) -> dict[str, Any]:
        """What metrics.json says of the split."""
        return self.ground.split

    @property
    def rows(self) -> list[Row]:
        """A row for each network of each experiment."""
        return [row for made in self.ground.made for row in made.rows]

    @property
    def lengths(self) -> set[int]:
        """How many epochs runs had."""
        return {epochs for row in self.rows for epochs in row.epochs}

    @property
    def timed(self) -> list[str]:
        """Experiments at whose end the time of a patch was measured."""
        timed = [made for made in self.ground.made if any(row.seconds for row in made.rows)]
        return [f"`{made.experiment.id}`" for made in timed]

    @property
    def notes(self) -> list[str]:
        """What is to be known of single experiments."""
        known = {
            trial.metrics["checkpoint"]["sha256"]: f"{made.experiment.id}/{trial.folder.name}"
            for made in self.ground.made
            for trial in made.experiment.trials
        }
        said = []
        for made in self.ground.made:
            if made.teacher in known:
                teacher = known[made.teacher]
                said.append(f"The teacher of `{made.experiment.id}` is the run `{teacher}`.")
            if made.note:
                said.append(made.note)
        return said

    @property
    def score_rows(self) -> list[list[str]]:
        """The cells of the table."""
        return [
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
            for made in self.ground.made
            for row in made.rows
        ]

    def against(self, other: "Table") -> list[str]:
        """What is not as in another."""
        return self.ground.against(other.ground)


def _range(values: Sequence[int], unit: str = "") -> str:
    """The only value, or the least and the largest; a dash where there is none."""
    ends = sorted({min(values), max(values)}) if values else []
    return " to ".join(f"{value:,}{unit}" for value in ends) or "–"


def _made_row(made: Made, docs: Path) -> list[str]:
    """An experiment: kind, method, trials, time, machine, end, document."""
    record = made.experiment.record
    state = "" if record["state"] == "DONE" else f" ({str(record['state']).lower()})"
    path = docs / f"{made.document}.md"
    there = path.is_file() and made.experiment.id in experiments_of(path)
    return [
        f"`{made.experiment.id}`",
        f"`{made.experiment.kind}`",
        made.method,
        made.trials,
        duration(made.seconds),
        made.shown.metrics["cost"]["machine"],
        f"{str(record.get('ended') or '–')[:10]}{state}",
        f"[{made.document}]({made.document}.md)" if there else "–",
    ]
