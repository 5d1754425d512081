"""The pictures: sheets, paints and the four views, drawn as SVG.

    rendering             makes the SVG document of a key
    exterior, interior    the house from the garden; the room, cut open
    elevation, roof       measured drawings of the four sides; the roof from above
    shell, boards         ribs, battens and panels; planks and tiles
    glazing, indoors      windows in a wall; windows seen from inside
    furniture, landscape  boxes in the room; hills, trees and people
    canvas, materials     a sheet of paper as a document; paints by day and at dusk
    words                 captions in German and English

Imported by: `realtime.api`.
"""
