"""The chapter on the method: the space, the mixed operation, and the problem in two levels."""

from collections.abc import Mapping

from aerial_nni.config.run_folder import LATENCY
from aerial_nni.models.genotype import KEPT, places, space_size
from aerial_nni.models.operations import EDGES, NONE
from aerial_nni.recipes.darts.phases import LIKE_SIZE
from aerial_nni.recipes.darts.report.alpha_pictures import edges, in_words, shown_place
from aerial_nni.recipes.darts.report.bilevel_text import explain_bilevel
from aerial_nni.recipes.darts.report.operations_table import operation_table
from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.reporting.format import join_and, pluralize

CITED = {
    "gumbel": "- X. Dong, Y. Yang (2019): *Searching for a Robust Neural Architecture in Four GPU "
    "Hours*.",
    "parts": "- Y. Xu and others (2020): *PC-DARTS: Partial Channel Connections for "
    "Memory-Efficient Architecture Search*.",
}
"""What is cited where a variant is used."""

SOURCES = """\
- H. Liu, K. Simonyan, Y. Yang (2019): *DARTS: Differentiable Architecture Search*.
- O. Ronneberger, P. Fischer, T. Brox (2015): *U-Net: Convolutional Networks for Biomedical Image
  Segmentation*.
- M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen (2018): *MobileNetV2: Inverted Residuals
  and Linear Bottlenecks*.
- L. Li, A. Talwalkar (2019): *Random Search and Reproducibility for Neural Architecture Search*."""

VARIANTS = {
    "softmax": "",
    "gumbel": "*Differs:* here one operation is drawn for each place in each step by its weight, "
    "with Gumbel noise, and no other runs (Dong and Yang 2019); its gradient is that of the soft "
    "weights.",
}
"""Option `variant` -> what it changes in the mixed operation."""


def explain_method(found: Discovery, links: Mapping[str, str]) -> str:
    """The chapter in Markdown."""
    parts = [
        "## 1. The method: DARTS",
        "### The idea",
        "A network is a graph, and which operation stands on an edge of it is a choice: to try all "
        "combinations is out of the question. DARTS (Liu, Simonyan and Yang 2019) makes the choice "
        "soft. On each edge **all** operations run, and their outputs are added up with weights "
        "that are learnt by gradient, like everything else. In the end the operation with the "
        "highest weight stays. So one training, of one large network called the **supernet**, "
        "stands for the training of all of them.",
        "Whether that finds anything is a question of measurement. A space in which every "
        "architecture is good makes any search look good (Li and Talwalkar 2019). So the derived "
        "network has two **controls**, trained alike: random architectures of the same space and "
        f"of like size (within {LIKE_SIZE:.0%} of its parameters), and the hand-made U-Net at "
        "the whole width that comes nearest in parameters: section 4 has the sizes.",
        "### The space of architectures",
        _space(found, links),
        "### The mixed operation",
        _mixed(found, links),
        "### A problem in two levels",
        explain_bilevel(found),
        "### What is derived",
        f"Each place keeps the operation with the highest weight, `{NONE}` left out; each node "
        f"keeps its {KEPT} strongest edges, where it has more (Liu et al. 2019, section 2.4). What "
        "is left is the **genotype**. It is then trained from random weights: the supernet's are "
        "thrown away.",
        _guards(found),
        "### Sources",
        "\n".join([SOURCES, *(CITED[name] for name in _variants(found))]),
    ]
    return "\n\n".join(part for part in parts if part)


def _variants(found: Discovery) -> list[str]:
    """What of `CITED` this search used."""
    options = found.main.searched.options
    used = {"gumbel": options["variant"] == "gumbel", "parts": options["parts"] > 1}
    return [name for name, used_it in used.items() if used_it]


def _space(found: Discovery, links: Mapping[str, str]) -> str:
    """The figure of the space, how many architectures it has, and the table of operations."""
    genotype, options = found.main.genotype, found.main.searched.options
    depth, nodes = genotype.depth, genotype.nodes
    count = len(list(places(depth, nodes)))
    between = count - len(edges(found))
    size = space_size(depth, nodes)
    share = (
        f"Edges work on one of {options['parts']} shares of the channels, the others pass by "
        "(Xu et al. 2020, *differs:* without its edge normalisation), in the search and in the "
        "checkpoint it leaves. "
        if options["parts"] > 1
        else ""
    )
    fold = options.get("space_to_depth", 1)
    folded = (
        f" Before the first level, squares of {fold}×{fold} pixels are folded into channels."
        if fold > 1
        else ""
    )
    return "\n\n".join(
        [
            f"It is a U-Net of {pluralize(depth, 'level')} below the finest. In place of its pairs "
            "of convolutions stand **blocks**: small graphs in which each node averages what edges "
            "bring from the block's input and from earlier nodes, and the output averages the "
            f"nodes.{folded} The way down, the way up and what becomes of each skip connection are "
            "choices too.",
            f"![The space: a U of blocks, with the number of operations to choose from in each "
            f"place]({links['space']})",
            f"Drawn from the code that builds the network: a number says from how many operations "
            f"is chosen there, circles are nodes, `out` is their average, which leaves the block. "
            f"There are {pluralize(len(edges(found)), 'edge')} with {len(EDGES)} operations each, "
            "and "
            f"{between} places between blocks: **{size:,} architectures**, about {size:.1e}, if "
            "each edge is counted with all of its operations. *Differs* from the paper: there two "
            "kinds of cell are searched and repeated; here each place has a choice of its own, so "
            "that fine and coarse levels can differ. There a node adds up what it gets and a block "
            "stacks its nodes; here both average, so that a block of skips leaves its input as it "
            "is.",
            f"The operations, with parameters at width {options['width']} counted in the modules. "
            "A convolution is ReLU, convolution, batch norm, so that what edges bring can be added "
            "up (*differs:* batch norm learns its scale and shift in the search too). "
            f"{share}The finest level has {options['width']} channels, each coarser one twice "
            "as many.",
            operation_table(width=options["width"], depth=depth, parts=options["parts"]),
        ]
    )


def _mixed(found: Discovery, links: Mapping[str, str]) -> str:
    """Equation 2, and the weights of one place of this very search."""
    place = shown_place(found)
    shares = found.final(place)
    leader = max(shares, key=lambda name: shares[name])
    chosen = found.main.genotype.choices()[place]
    dropped = f" `{NONE}` leads, which is never kept." if leader == NONE else ""
    kept = (
        f"`{chosen}`, with {shares[chosen]:.3f}, is what was kept."
        if chosen != NONE
        else "Its node kept two other edges."
    )
    return "\n\n".join(
        [
            "On the edge from node *i* to node *j* every operation *o* has a number α, and the "
            "softmax of these numbers says how much of each is in the sum (eq. 2 of the paper):",
            "```math\n"
            r"\bar o^{(i,j)}(x) = \sum_{o \in O} "
            r"\frac{\exp \alpha_o^{(i,j)}}{\sum_{o' \in O} \exp \alpha_{o'}^{(i,j)}}\; o(x)"
            "\n```",
            f"At the start all α are nearly 0, so each of {len(shares)} operations has about "
            f"{1 / len(shares):.3f}. {VARIANTS[found.main.searched.options['variant']]}".strip(),
            f"![A mixed operation: all operations and their weights at the end of this search]"
            f"({links['mixed']})",
            f"This is the most decided edge of the reported search, {in_words(place)}, after "
            f"epoch {found.main.epoch}; lines are as thick as the weights.{dropped} {kept}",
        ]
    )


def _guards(found: Discovery) -> str:
    """What keeps a search from going wrong."""
    options, history = found.main.searched.options, found.main.searched.history
    text = (
        "Left alone, such a search can collapse: skips, which help a deep supernet to learn, take "
        "the lead everywhere. So after each epoch the share of skips and the entropy of α are "
        f"recorded, and a search ends when more than {options['max_skips']:.0%} of the edges are "
        "skips."
    )
    targets = []
    if options.get("target_params"):
        targets.append(f"{options['target_params']:,} parameters")
    if options.get("target_milliseconds"):
        targets.append(f"{options['target_milliseconds']:g} milliseconds for a patch")
    if targets:
        text += (
            f" Architectures above {join_and(targets)} are penalised, each operation counted by "
            "its "
            "weight."
        )
    if options.get("target_milliseconds"):
        text += (
            " How long each operation takes in its place, forward alone, was measured once on the "
            f"device of the search and lies in `{LATENCY}` in its folder; that architecture is "
            f"expected to take {found.main.at_its_epoch(history['expected_milliseconds']):.3g}."
        )
    return text
