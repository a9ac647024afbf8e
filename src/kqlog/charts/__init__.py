"""Charts of results: what `render` asks for as text graphics, Vega-Lite, and files."""
