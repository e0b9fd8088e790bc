"""The figures of compare.py as a drawing: time, and memory where it was measured, against the batch."""

QUANTITIES = [("milliseconds", "ms a step"), ("peak_mib", "MiB at peak")]
INK = "#808890"  # legible on white and on black
COLOURS = {"ours": "#3b82f6", "own dense": "#8b5cf6", "PML": "#f97316", "OpenCLIP": "#10b981", "released formula": "#ef4444",
           "plain formula": "#d4a017"}
COLUMNS = 4


def panel(axes, rows, quantity, title, label):
    for who in dict.fromkeys(row["contestant"] for row in rows):
        own = [row for row in rows if row["contestant"] == who]
        points = sorted((row["size"], row[quantity]) for row in own if quantity in row)
        beyond = [row["size"] for row in own if "milliseconds" not in row]
        name = f"{who}, no memory for {min(beyond):,}" if beyond else who
        if points:
            axes.plot(*zip(*points), marker="o", markersize=4, linewidth=2.4 if who == "ours" else 1.4, color=COLOURS.get(who, INK), label=name)
    axes.set(xscale="log", yscale="log", title=title, xlabel="N", ylabel=label)
    sizes = sorted({row["size"] for row in rows})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.grid(True, color=INK, alpha=0.25, linewidth=0.6)
    axes.legend(fontsize=8, frameon=False, labelcolor=INK)


def draw(results, only, path):
    """A panel a contest and quantity, memory beneath time; contests in rows of four. The background is the reader's."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in dict.fromkeys(row["contest"] for row in results) if not only or name in only]
    quantities = [pair for pair in QUANTITIES if any(pair[0] in row for row in results)]
    columns = min(COLUMNS, len(names))
    bands = -(-len(names) // columns)
    style = {"text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
             "axes.titlecolor": INK, "font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "idcl", "axes.spines.top": False,
             "axes.spines.right": False}
    with pyplot.rc_context(style):
        figure, panels = pyplot.subplots(bands * len(quantities), columns, squeeze=False,
                                         figsize=(3.1 * columns, 2.5 * bands * len(quantities)))
        for axes in panels.flat:
            axes.set_visible(False)
        for place, name in enumerate(names):
            band, column = divmod(place, columns)
            for below, (quantity, label) in enumerate(quantities):
                axes = panels[band * len(quantities) + below, column]
                axes.set_visible(True)
                panel(axes, [row for row in results if row["contest"] == name], quantity, name, label)
        figure.tight_layout()
        figure.savefig(path, transparent=True, metadata={"Date": None} if path.endswith(".svg") else None)
