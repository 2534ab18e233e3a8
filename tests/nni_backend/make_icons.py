"""Makes the font of the web UI's icons from drawings under the MIT licence.

    npm pack @fluentui/react-icons-mdl2 && tar xzf fluentui-react-icons-mdl2-*.tgz
    python tests/nni_backend/make_icons.py package

The fonts that NNI's UI takes from the Internet may be used with Microsoft's services only. Those of
its icons that have no brand are in that package of npm as drawings that everybody may use.
"""

import re
import sys
from pathlib import Path

import nni_node
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.svgLib.path import parse_path

from aerial_nni.nni_backend.nni_patches import PRELOAD

ICONS = PRELOAD.with_name("node") / "icons"
EM = 2048
INSTEAD = {"M365InvoicingLogo": "TextDocument"}
"""Icons with a brand that the UI shows -> what is drawn in their place."""

TABLE = re.compile(r"fontFace:\{fontFamily:[^}]*\},icons:\{(.*?)\}\}", re.DOTALL)
ENTRY = re.compile(r'"?(\w+)"?:"(?:\\u([\da-f]{4})|(.))"')


def named_by_the_ui() -> dict[str, int]:
    """Icons whose names stand in the UI's scripts, outside their list -> their code points."""
    files = (Path(nni_node.__path__[0]) / "static" / "static" / "js").glob("*.js")
    text = "\n".join(path.read_text("utf-8", errors="replace") for path in files)
    listed = {
        name: int(code, 16) if code else ord(letter)
        for table in TABLE.findall(text)
        for name, code, letter in ENTRY.findall(table)
    }
    words = {word.lower() for word in re.findall(r'"(\w+)"', TABLE.sub("", text))}
    return {name: code for name, code in sorted(listed.items()) if name.lower() in words}


def make(drawings: Path) -> bytes:
    """The font, as WOFF, of those that are among the drawings."""
    builder = FontBuilder(EM, isTTF=True)
    glyphs, codes = {".notdef": TTGlyphPen(None).glyph()}, {}
    for name, code in named_by_the_ui().items():
        file = drawings / f"{INSTEAD.get(name, name)}Icon.js"
        if not file.exists():
            continue
        pen = TTGlyphPen(None)
        # A drawing's y points down, a font's up. (x, y) -> (x, EM - y)
        onto = TransformPen(Cu2QuPen(pen, 1.0, reverse_direction=True), (1, 0, 0, -1, 0, EM))
        for path in re.findall(r'\bd: "([^"]+)"', file.read_text("utf-8")):
            parse_path(path, onto)
        glyphs[name], codes[code] = pen.glyph(), name
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(codes)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (EM, 0) for name in glyphs})
    builder.setupHorizontalHeader(ascent=EM, descent=0)
    builder.setupOS2(sTypoAscender=EM, usWinAscent=EM, usWinDescent=0)
    builder.setupNameTable({"familyName": "Icons", "styleName": "Regular"})
    builder.setupPost(keepGlyphNames=False)
    builder.font.recalcTimestamp = False
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.flavor = "woff"
    made = ICONS / "icons.woff"
    builder.save(made)
    return made.read_bytes()


if __name__ == "__main__":
    ICONS.mkdir(exist_ok=True)
    package = Path(sys.argv[1])
    print(len(make(package / "lib" / "components")), "bytes")
    (ICONS / "LICENSE").write_bytes((package / "LICENSE").read_bytes())
