"""A plan as a picture: a time axis of weeks, a row for each session, drawn as SVG on the server.

`PlanView` -> `Picture` (whole numbers, no markup) -> SVG. It needs no script and no inline style;
colour is never the only mark of a state, so that it prints in black and reads in the dark.

* `layout(plan, frame) -> Picture`: where everything stands, for one of `FRAMES`;
* `svg(picture) -> str`: the markup, escaped;
* `drawn(plan, *names) -> str`: both, once for each frame named; the style sheet shows the right one.
"""

from plans.picture.drawing import drawn, svg
from plans.picture.frames import FRAMES, Frame
from plans.picture.layout import layout
from plans.picture.values import Picture

__all__ = ["FRAMES", "Frame", "Picture", "drawn", "layout", "svg"]
