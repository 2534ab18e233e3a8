"""Starts what runs trials on this machine for an experiment of another one, over SSH.

The manager types `python -m aerial_nni.nni_backend.keeper FOLDER` here (machine.cjs, `keeper`): the
program that NNI has for this, with the Node and the repairs of the manager.
"""

import os
from typing import Any

from nni.tools.nni_manager_scripts import launch_trial_keeper as nni_program

from aerial_nni.nni_backend.nni_patches import no_proxy, node, node_options


def main() -> None:
    """Starts NNI's trial keeper in the folder that the command line names."""
    start = nni_program.Popen

    def start_repaired(command: list[str], **how: Any) -> Any:
        environment = {**os.environ, **node_options(), **no_proxy()}
        return start([str(node()), *command[1:]], env=environment, **how)

    vars(nni_program)["Popen"] = start_repaired
    nni_program.main()


if __name__ == "__main__":
    main()
