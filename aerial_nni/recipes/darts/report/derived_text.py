"""The chapter on the network where it is a derived one: its graph, and its genotype."""

from matplotlib.figure import Figure

from aerial_nni.models.genotype import Genotype, read_genotype
from aerial_nni.recipes.darts.report.shape_picture import draw_shape
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.render import render
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
    return render("recipes/darts/derived.md.j2", trial=trial, genotype=genotype, network=network)
