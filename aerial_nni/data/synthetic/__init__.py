"""How the built-in scenes are drawn: one noun a file, every choice from a generator.

- `noise`: smooth random fields, and ways to choose
- `plan`: rectangles of the street plan, cut into blocks and streets
- `canvas`: the picture being drawn: colour, class and height of every pixel, and the plan under it
- `terrain`: sand, soil, gravel and dunes
- `water`: sea, lagoon, canal, basins and pools
- `streets`, `traffic`: asphalt, markings, medians, roundabouts, dirt tracks; cars
- `roofs`: what one building looks like from above
- `plants`: trees, lawns, crops, wild growth
- `quarters`, `grounds`, `blocks`: what fills a block, built on or open; the table of both
- `light`: shadows
- `areas`: the characters of the areas, and drawing all of one
- `oblique`, `things`: the same ground seen from a drone; what stands, swims and flies in its view
- `camera`: illumination, sharpness and noise of one picture
- `sheet`: a contact sheet
"""
