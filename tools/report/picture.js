/* SPDX-License-Identifier: MIT */
/* What the timeline and the map share. */
"use strict";
(() => {
const { el, findings, svg, trace } = window.report;
if (!trace) return;

/* A path of rectangles: thousands of them are one element. */
const rect = (x, y, width, height) =>
	`M${x.toFixed(2)} ${y.toFixed(2)}` +
	`h${width.toFixed(2)}v${height.toFixed(2)}h${(-width).toFixed(2)}z`;

/* Makes @node a slider over @last + 1 places: pointer, touch and keys all call @show. */
function makeSlider(node, label, last, { show, placeAt, step }) {
	let at = 0;
	const go = (to) => {
		at = Math.max(0, Math.min(last, to));
		node.setAttribute("aria-valuenow", at);
		node.setAttribute("aria-valuetext", show(at));
	};
	const keys = {
		ArrowRight: 1,
		ArrowLeft: -1,
		ArrowDown: step,
		ArrowUp: -step,
		PageDown: 10 * step,
		PageUp: -10 * step,
		Home: -Infinity,
		End: Infinity,
	};

	for (const [key, value] of Object.entries({
		role: "slider",
		tabindex: 0,
		"aria-label": label,
		"aria-valuemin": 0,
		"aria-valuemax": last,
	}))
		node.setAttribute(key, value);
	node.setAttribute("aria-valuenow", 0);
	node.addEventListener("keydown", (event) => {
		if (keys[event.key] === undefined || event.altKey || event.ctrlKey || event.metaKey)
			return;
		event.preventDefault();
		go(at + keys[event.key]);
	});
	for (const kind of ["pointermove", "pointerdown"])
		node.addEventListener(kind, (event) => {
			const place = placeAt(event);
			if (place !== null) go(place);
		});
	node.addEventListener("focus", () => go(at));
}

/* A picture is drawn for the width that it has, anew whenever that changes. */
function drawAtEachWidth(node, draw) {
	let drawnWidth = 0;

	new ResizeObserver(() => {
		if (node.clientWidth === drawnWidth) return;
		drawnWidth = node.clientWidth;
		draw();
	}).observe(node);
}

/* Where in the picture, in its own units, an event is. */
function pointOf(picture, event) {
	const box = picture.getBoundingClientRect(),
		view = picture.viewBox.baseVal;
	return [
		((event.clientX - box.left) * view.width) / box.width,
		((event.clientY - box.top) * view.height) / box.height,
	];
}

const examples = findings.flatMap((finding, i) =>
	finding.examples.map((example) => ({
		finding: i + 1,
		example,
		at: example.cut.kind === "end" ? trace.operations : example.cut.op,
	})),
);

const sample = (what, picture) =>
	el(
		"li",
		{},
		svg(
			"svg",
			{ width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" },
			picture,
		),
		what,
	);

Object.assign(window.report, { rect, makeSlider, pointOf, drawAtEachWidth, examples, sample });
})();
