"""The report of a training: Splink's own charts on one page that works without a network.

Owns the page. Promises: the page loads and sends nothing (its content security policy forbids it, whatever the charts
hold); it holds the charting library once.
"""

import html
from collections.abc import Mapping, Sequence

# Splink's `to_html(inline=True)` gives the library, then the place of the chart and the chart itself.
_PLACE = '<div id="splink-chart-'
_END = "</body>"
_POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:"
_STYLE = (
    "body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em } "
    ".vega-embed details { display: none }"  # its menu would send the chart to an editor on the network
)


def page(title: str, sentences: Sequence[str], charts: Mapping[str, str]) -> str:
    """One HTML document. `charts` maps titles to HTML documents of Splink. Raises ValueError for another form."""
    parts = [_parted(chart) for chart in charts.values()]
    library = parts[0][0] if parts else ""
    shown = "".join(f"<h2>{html.escape(name)}</h2>\n{part}\n" for name, (_, part) in zip(charts, parts, strict=True))
    said = "".join(f"<p>{html.escape(sentence)}</p>\n" for sentence in sentences)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>\n{library}</head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n{said}{shown}</body></html>\n"
    )


def _parted(chart: str) -> tuple[str, str]:
    _, _, body = chart.partition("<body>")
    library, place, rest = body.partition(_PLACE)
    drawn, end, _ = rest.rpartition(_END)
    if not (place and end):
        raise ValueError("the chart is not in the form that Splink gave it before")
    return library, place + drawn
