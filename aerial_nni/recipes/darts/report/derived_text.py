"""The chapter on the network where it is a derived one: its graph, and its genotype."""

from matplotlib.figure import Figure

from aerial_nni.models.genotype import Genotype, read_genotype
from aerial_nni.recipes.darts.report.shape_picture import draw_shape
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import pluralize, times
from aerial_nni.training.checkpoint import read_header


def derived_network(trial: Trial) -> Genotype | None:
    """The genotype of the trial's network; None of a U-Net that was made by hand."""
    text = read_header(trial.checkpoint)["model"].get("genotype")
    return read_genotype(text) if text else None


def draw_derived(trial: Trial, genotype: Genotype) -> Figure:
    """The derived network with the operation on each edge, in the sizes of the trial's."""
    return draw_shape(
        genotype.choices(),
        depth=genotype.depth,
        nodes=genotype.nodes,
        width=trial.options["width"],
        fold=trial.options["space_to_depth"],
        families=True,
    )


def explain_derived(trial: Trial, genotype: Genotype, *, network: str) -> str:
    """The chapter in Markdown; `network` is the link to its figure."""
    return "\n\n".join(
        [
            "## 1. The network: one that a search derived",
            "It has the shape of a U-Net: an encoder that makes the picture small to see far, a "
            "decoder that makes it large again, and skip connections between them. But which "
            "operation stands on each edge was chosen by an architecture search; how is explained "
            "in the document of that search.",
            f"![The derived network as a graph, with the operation on each edge]({network})",
            f"It takes {times(trial.metrics['model']['input'])} (channels×height×width), goes down "
            f"{pluralize(genotype.depth, 'level')} with {pluralize(genotype.nodes, 'node')} in "
            "each block, "
            f"and has {trial.metrics['model']['parameters']:,} parameters. Its genotype:",
            f"```json\n{genotype.text()}\n```",
        ]
    )
