"""Whether a difference is more than chance, said without kindness."""


def verdict(
    gap: float, spread: float | None, interval: tuple[float, float], *, test: str, nothing: str,
    harm: str, noun: str = "seed",
) -> str:  # fmt: skip
    """A sentence or two in Markdown.

    Args:
        gap: the difference of two means.
        spread: its standard deviation, None where there is one `noun`.
        interval: the 95 % interval of the mean difference.
        test: what the interval is by.
        nothing: what is said further where the gap is smaller than its spread, and 0 in the
            interval.
        harm: what is said where it is below 0 for certain.
        noun: what the spread is over.
    """
    if spread is None:
        return f"**One {noun} has no spread: whether that is more than chance is not known.**"
    low, high = interval
    reaches = f"the 95 % interval of the mean ({test}) reaches from {low:+.4f} to {high:+.4f}"
    if abs(gap) <= spread and low <= 0 <= high:
        return (
            f"**The difference is smaller than its spread: it may be chance**; {reaches}. {nothing}"
        )
    if low <= 0 <= high:
        return (
            f"The difference is larger than its spread, but {reaches}: **with so few {noun}s "
            "chance alone could explain it.**"
        )
    if gap < 0:
        return f"{harm}, more than the {noun}s explain: {reaches}."
    return f"That is **more than the {noun}s explain**: {reaches}."
