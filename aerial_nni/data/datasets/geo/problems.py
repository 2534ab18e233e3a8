"""What is wrong with scenes or labels, as one error."""

from aerial_nni.config.errors import UserError
from aerial_nni.data.dataset import Problem


class LabelsUnusable(UserError):
    """Scenes or labels cannot be used as they are. `problems` has every reason."""

    SHOWN = 20
    """Problems that the message names."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        lines = [f"  {problem}" for problem in problems[: self.SHOWN]]
        if len(problems) > self.SHOWN:
            lines.append(f"  and {len(problems) - self.SHOWN} more")
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        super().__init__("\n".join([f"{count} with scenes or labels:", *lines]))
