"""How the built-in scenes are drawn: one noun a file, numpy only, every choice from a generator.

    noise     smooth random fields
    canvas    the picture being drawn: colour, class and height of every pixel, and its street plan
    plan      rectangles of the plan, cut into blocks and streets
    terrain   sand, soil, gravel and dunes
    water     sea, lagoon, canal, basins and pools
    streets   asphalt, markings, pavements, dirt tracks, cars
    roofs     what one building looks like from above
    plants    trees, lawns, crops
    blocks    what fills a block: villas, towers, fields, parks, construction sites
    light     shadows
    camera    illumination, sharpness and noise of one picture
    areas     the characters of the areas, and drawing one whole area
"""
