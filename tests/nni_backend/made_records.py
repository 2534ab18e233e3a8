"""Records and result folders that no experiment has made."""

from pathlib import Path

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import Best, Limits, Method
from aerial_nni.nni_backend import ranking, records
from aerial_nni.nni_backend.records import Record


def a_record(name: str = "abcdefgh", **changes: object) -> Record:
    values: dict[str, object] = {
        "id": name,
        "kind": "baseline",
        "name": "baseline on scenes",
        "options": {"data": "scenes"},
        "space": {},
        "limits": {"trials": 1, "concurrency": 1, "max_minutes": 1},
        "port": 8080,
        "url": "http://127.0.0.1:8080/sSecret",
        "nni_directory": "/nowhere",
        "module": "aerial_nni.trials.baseline",
        "created": records.now(),
    }
    values |= changes
    for name, kind in (("limits", Limits), ("method", Method), ("best", Best)):
        if isinstance(given := values.get(name), dict):
            values[name] = kind(**given)
    return Record(**values)  # type: ignore[arg-type]


def good_folder(folder: Path, score: float) -> None:
    folder.mkdir(parents=True)
    for name in ranking.GOOD_FILES:
        (folder / name).touch()
    run_folder.write_json(folder / run_folder.METRICS, {"score": score})
