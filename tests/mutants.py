"""Breaks the code in one place after another and counts what the tests notice. Not a test itself.

    python tests/mutants.py --sample 400 --seed 0             a random sample of all places
    python tests/mutants.py --sample 300 --seed 1 --fresh     of those that have no verdict yet
    python tests/mutants.py --module training/loop            every place of a module
    python tests/mutants.py                                   every place: many hours

A place is broken in memory, in a fork of this process, which has imported torch and what else is
slow to import: no file is changed, and a mutant costs its tests alone, up to the first that fails.
They are the tests of the module's name, and those beside them that import it. What no result can
depend on is left as it is: see `is_left`. Verdicts are kept in `build/mutants.json`: what was
killed is not run again.
"""

import argparse
import ast
import importlib
import json
import os
import random
import re
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, KEPT = ROOT / "aerial_nni", ROOT / "build" / "mutants.json"
FILES = ("data/pipeline/*split*.py", "recipes/distill/*.py", "recipes/darts/*.py",
         "training/*.py", "tuners/*.py")  # fmt: skip
STEERING = ("command", "measurement", "overview", "recipe", "search_tuner", "size_matching",
            "study", "summary", "teacher_checks", "training_setup")  # fmt: skip
"""Modules of a recipe that compute no result: they say what is started, and gather what it gave."""
IN_TRIALS = ("deeplab_weights", "unfreezing", "zoomout_first_stage")
"""Modules that whole trials test, which is too slow to be asked of each mutant."""
SLOW = ("torch", "torchvision", "scipy.stats", "sklearn.ensemble", "smac", "nni", "tqdm",
        "hypothesis.strategies", "websockets", "safetensors.torch", "pytest")  # fmt: skip
SECONDS, CLOCK, GIGABYTES = 60, 240, 8
"""Of processor time for a mutant, by the clock for a test, of memory: one over it is killed."""
MOST = 8  # test files for a mutant
UNSEEN = ("strict", "check_finite", "overwrite_a", "memory_format", "non_blocking", "n_jobs",
          "mmap_mode", "desc", "unit", "leave")  # fmt: skip
"""Keyword arguments that change no result: they say what cannot happen, cost time or memory alone,
or are of a progress bar."""
SAME = ("return", "return None", "return False")
"""None in their place is as good; the last is broken as a constant."""
NOTHING = ast.Name("nothing")
SWAPPED = {"Mod": "Mult", "FloorDiv": "Div", "Pow": "Mult"}
for one, two in (("Lt", "LtE"), ("Gt", "GtE"), ("Eq", "NotEq"), ("Is", "IsNot"), ("In", "NotIn"),
                 ("Add", "Sub"), ("Mult", "Div"), ("BitAnd", "BitOr"), ("And", "Or"),
                 ("Break", "Continue")):  # fmt: skip
    SWAPPED |= {one: two, two: one}

Tree = Callable[[], ast.Module]
Mutant = tuple[str, str, Tree]
"""Module, what is broken and where, and what gives the broken tree, once."""


def sources() -> list[Path]:
    """The files that are broken."""
    found = [path for pattern in FILES for path in sorted(PACKAGE.glob(pattern))]
    return [path for path in found if path.stem not in (*STEERING, *IN_TRIALS)]


def others(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST | None]:
    """What may stand in a node's place; None: nothing."""
    value = node.value if isinstance(node, ast.Constant) else None
    if swapped := SWAPPED.get(type(node).__name__):
        yield getattr(ast, swapped)()
    elif isinstance(value, (bool, int, float)):
        yield ast.Constant(not value if isinstance(value, bool) else value + 1)
    elif isinstance(value, str) and " " not in value:
        yield ast.Constant(value + "X")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield node.operand
    elif isinstance(node, ast.keyword) and node.arg:
        yield None
    elif isinstance(node, ast.Expr):
        yield ast.Pass()
    elif isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)
    elif isinstance(node, ast.Return) and ast.unparse(node) not in SAME:
        yield ast.Return(ast.Constant(None))
    if isinstance(parent, (ast.If, ast.IfExp, ast.While)) and node is parent.test:
        yield ast.UnaryOp(ast.Not(), node)


def is_left(node: ast.AST, name: str) -> bool:
    """Whether a node, the field `name` of its parent, is left as it is with all that is in it.

    Left are texts (docstrings, the log, errors, f-strings), what types say (annotations, `Literal`,
    type variables), `__all__`, asserts (they say what cannot happen: broken they stop all or
    nothing) and the keyword arguments of `UNSEEN`.
    """
    if name in ("annotation", "returns", "decorator_list"):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or ast.unparse(node).startswith("log.")
    if isinstance(node, ast.keyword):
        return node.arg in UNSEEN
    if isinstance(node, (ast.Subscript, ast.Call, ast.Assign)):
        return ast.unparse(node).startswith(("Literal[", "TypeVar(", "__all__ ="))
    return isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Assert))


def mutants(path: Path) -> list[Mutant]:
    """Every mutant of a file. They share its tree: a process can make one of them."""
    tree, found, times = ast.parse(path.read_text(encoding="utf-8")), [], Counter[str]()
    module = path.relative_to(PACKAGE).with_suffix("").as_posix()

    def visit(parent: ast.AST, line: int) -> None:
        for name, value in ast.iter_fields(parent):
            for index, node in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(node, ast.AST) or is_left(node, name):
                    continue
                here = getattr(node, "lineno", line)
                for other in others(node, parent):
                    whole = not hasattr(node, "lineno")  # an operator is shown with its operands
                    old = ast.unparse(parent if whole else node)
                    new = type(other).__name__ if whole else ast.unparse(other or NOTHING)
                    said = f"{module}:{here}: {old:.90} -> {new:.90}".replace("\n", " ")
                    times[said] += 1
                    said += f" ({times[said]})" if times[said] > 1 else ""
                    found.append((module, said, partial(put, tree, parent, name, index, other)))
                visit(node, here)

    visit(tree, 0)
    return found


def put(tree: ast.Module, parent: ast.AST, name: str, index: int, other: ast.AST) -> ast.Module:
    """The tree with `other` in a place of a field of `parent`; None: with nothing there."""
    if isinstance(many := getattr(parent, name), list):
        many[index : index + 1] = [] if other is None else [other]
    else:
        setattr(parent, name, other)
    return ast.fix_missing_locations(tree)


def tests_of(module: str) -> list[str]:
    """The test files of a module: of its name, and those beside them that import it.

    Where there are none, those of the modules beside it that import it.
    """
    *folders, name = module.split("/")
    dotted = ".".join(("aerial_nni", *folders))
    while not (place := ROOT.joinpath("tests", *folders)).is_dir():
        folders.pop()
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(place.glob("*.py"))}

    def knowing(names: str) -> list[Path]:
        wanted = re.compile(rf"\b{dotted}(\.| import .*\b)({names})\b")
        using = "|".join(path.stem for path, text in texts.items() if wanted.search(text))
        wanted = re.compile(rf"{wanted.pattern}|^from ({using or '-'}) import", re.MULTILINE)
        own = re.compile(rf"test_({names})\w*")
        tests = [path for path in texts if path.stem.startswith("test_")
                 and (own.fullmatch(path.stem) or wanted.search(texts[path]))]  # fmt: skip
        return sorted(tests, key=lambda path: ("subprocess" in texts[path],  # the dearest
                                               not own.fullmatch(path.stem),
                                               path.stat().st_size))  # fmt: skip

    users = [path.stem for path in PACKAGE.joinpath(module).parent.glob("*.py")
             if f"{dotted}.{name} import" in path.read_text(encoding="utf-8")]  # fmt: skip
    return [str(path) for path in (knowing(name) or knowing("|".join(users) or "-"))[:MOST]]


def passes(tests: list[str], module: str = "", tree: Tree | None = None) -> bool:
    """Whether the tests pass in a fork in which the module, if one is given, is that tree."""
    if not (child := os.fork()):
        os.setsid()  # a test that ends its group of processes does not end this one
        log = open(os.devnull if tree else KEPT.with_suffix(".log"), "w")
        os.dup2(log.fileno(), 1), os.dup2(log.fileno(), 2)
        limits = [(resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_DATA, GIGABYTES << 30)]
        for limit, most in limits if tree else []:
            resource.setrlimit(limit, (most, most))
        try:
            code = tested(tests, str(PACKAGE / f"{module}.py"), tree and tree())
            sys.stdout.flush()
            os._exit(code)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def tested(tests: list[str], path: str, tree: ast.Module | None) -> int:
    """What pytest says of the tests where the file `path` is that tree."""
    import pytest

    plain = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> object:
        return compile(tree, path, "exec") if tree and self.path == path else plain(self, name)

    SourceFileLoader.get_code = get_code  # type: ignore
    # Of pytest's plugins one is needed; to import the others takes longer than most tests.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    words = ["-qx", "-o", "addopts=", "-m", "not slow", "-p", "no:cacheprovider"]
    words += ["-p", "pytest_timeout", "--timeout", str(CLOCK)]
    return int(pytest.main([*words, *tests]))


def report(found: dict[str, bool], everything: int) -> str:
    """The share that was killed, a table of the modules, and what survived, as Markdown."""
    from scipy.stats import binomtest

    killed, alive = sum(found.values()), sorted(said for said in found if not found[said])
    near = binomtest(killed, len(found)).proportion_ci(method="wilson")
    counts, left = (Counter(said.split(":")[0] for said in part) for part in (found, alive))
    rows = [f"| `{name}` | {counts[name]} | {left[name]} |" for name in sorted(counts)]
    return (
        f"{killed} of {len(found)} killed, {killed / len(found):.1%} (95 % interval by Wilson: "
        f"{near.low:.1%} to {near.high:.1%}); there are {everything} mutants.\n\n"
        "| module | mutants | survived |\n|---|---|---|\n"
    ) + "\n".join([*rows, "", *(f"- `{said}`" for said in alive)])


def main() -> None:
    """Runs what is asked for and prints the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sample", type=int, help="mutants drawn at random; without it, all")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--module", action="append", help="such as training/loop; any number")
    parser.add_argument("--kept", type=Path, default=KEPT, help="file of the verdicts")
    parser.add_argument("--fresh", action="store_true", help="only what has no verdict there")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    every = [mutant for path in sources() for mutant in mutants(path)
             if mutant[0] in (asked.module or mutant[0])]  # fmt: skip
    killed = json.loads(asked.kept.read_text()) if asked.kept.is_file() else {}
    left = [mutant for mutant in every if not (asked.fresh and mutant[1] in killed)]
    drawn = random.Random(asked.seed).sample(left, asked.sample or len(left))
    os.environ["OMP_NUM_THREADS"] = "1"  # a fork cannot use the threads of its parent
    sys.dont_write_bytecode = True
    os.chdir(ROOT), sys.path.insert(0, str(ROOT)), KEPT.parent.mkdir(exist_ok=True)
    for name in SLOW:
        importlib.import_module(name)

    def judge(mutant: Mutant) -> bool:
        module, said, tree = mutant
        return killed.get(said, False) or not passes(tests_of(module), module, tree)

    with ThreadPoolExecutor(asked.processes) as pool:
        for (_, said, _), is_killed in zip(drawn, pool.map(judge, drawn), strict=True):
            killed[said] = is_killed
            print("killed  " if is_killed else "survived", said, file=sys.stderr, flush=True)
            asked.kept.write_text(json.dumps(killed, indent=1))
    if not passes(sorted({test for module, _, _ in drawn for test in tests_of(module)})):
        raise SystemExit(f"Tests fail as it is: see {KEPT.with_suffix('.log')}")
    print(report({said: killed[said] for _, said, _ in drawn}, len(every)))


if __name__ == "__main__":
    main()
