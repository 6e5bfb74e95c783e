/* SPDX-License-Identifier: MIT */
/* The picture of the run over time. */
"use strict";
(() => {
const {
	bucketEnd,
	bucketOf,
	bucketWords,
	buckets,
	byId,
	count,
	drawAtEachWidth,
	examples,
	laneName,
	makeSlider,
	many,
	phaseName,
	pointOf,
	range,
	rect,
	svg,
	time,
	totalTime,
	trace,
	traceText,
} = window.report;
if (!trace) return;

let isByTime = false;

/* The share of the width at which operation @op begins. */
function shareOf(op) {
	const i = bucketOf(op),
		bucket = buckets[i];

	if (!isByTime || !bucket)
		return trace.operations ? Math.min(op, trace.operations) / trace.operations : 0;
	const inside = Math.min(1, (op - bucket.first) / (bucket.last + 1 - bucket.first));
	return (bucket.time_ns + inside * (bucketEnd(i) - bucket.time_ns)) / totalTime;
}

/* Where things are; labels stand beside their lane, or above it where it is narrow. */
function timelineLayout(width) {
	const isNarrow = width < 640,
		left = isNarrow ? 0 : 215;
	const lane = isNarrow ? 45 : 32,
		bars = isNarrow ? 20 : 4;
	const labelled = (top, height) => ({
		top: top + (isNarrow ? 16 : 0),
		label: top + (isNarrow ? 12 : height / 2 + 4),
		height,
	});
	const phases = labelled(0, 18),
		events = labelled(phases.top + 22, trace.events.length ? 18 : 0);
	const cuts = trace.events.length
		? labelled(events.top + 22, 24)
		: labelled(phases.top + 22, 24);
	const lanes =
			(examples.length
				? cuts.top + cuts.height
				: trace.events.length
					? events.top + events.height
					: phases.top + phases.height) + 8,
		acknowledged = labelled(lanes + trace.lanes.length * lane + 8, 12);
	const plot = width - left - 1;
	const bottom = acknowledged.top + acknowledged.height + 4;
	return {
		width,
		left,
		plot,
		lane,
		bars,
		phases,
		events,
		cuts,
		lanes,
		acknowledged,
		bottom,
		height: bottom + 22,
		isNarrow,
		x: (op) => left + shareOf(op) * plot,
	};
}

function drawRowLabels(at) {
	const label = (y, text) => svg("text", { x: 0, y, class: "strong" }, text);
	const room = Math.floor((at.isNarrow ? at.width - 16 : at.left - 24) / 6.2);
	const clip = (text) =>
		text.length > room
			? text.slice(0, room / 2) + "\u2026" + text.slice(1 - room / 2)
			: text;

	return [
		label(at.phases.label, "phases"),
		trace.events.length ? label(at.events.label, "power cuts, notes") : null,
		examples.length ? label(at.cuts.label, "first cuts that fail") : null,
		label(at.acknowledged.label, "acknowledged"),
		trace.lanes.map((lane, i) => {
			const top = at.lanes + i * at.lane,
				text = laneName(lane);
			return [
				svg("rect", {
					class: `o${i}`,
					x: 0,
					y: top + (at.isNarrow ? 3 : 9),
					width: 10,
					height: 10,
				}),
				svg(
					"text",
					{
						x: 16,
						y: top + (at.isNarrow ? 12 : 18),
						class: "strong",
					},
					clip(text),
					svg("title", {}, text),
				),
			];
		}),
	];
}

/* The highest bars: the greatest shares of a bucket that any lane has. */
const greatest = (what) =>
	Math.max(
		1e-9,
		...buckets.map(
			(bucket) => Math.max(...bucket[what]) / (bucket.last + 1 - bucket.first),
		),
	);
const mostPrograms = greatest("programs"),
	mostErases = greatest("erases");

/* Programs stand on a lane's base line, erases hang below it: not told apart by colour. */
function drawLane(at, lane, k) {
	const base = at.lanes + k * at.lane + at.bars + 16;
	let up = "",
		down = "";

	buckets.forEach((bucket, i) => {
		const all = bucket.last + 1 - bucket.first,
			x = at.x(bucket.first);
		const width = Math.max(
			0.8,
			(i + 1 < buckets.length ? at.x(buckets[i + 1].first) : at.left + at.plot) -
				x,
		);
		const programs = Math.max(2, (17 * bucket.programs[k]) / all / mostPrograms);
		if (bucket.programs[k]) up += rect(x, base - programs, width, programs);
		if (bucket.erases[k])
			down += rect(
				x,
				base + 1,
				width,
				Math.max(2, (8 * bucket.erases[k]) / all / mostErases),
			);
	});
	return [
		svg("line", {
			class: "rule",
			x1: at.left,
			x2: at.left + at.plot,
			y1: base + 0.5,
			y2: base + 0.5,
		}),
		svg("path", { class: `o${k}`, d: up }),
		svg("path", { class: `o${k}`, d: down }),
	];
}

function drawPhases(at) {
	const place = (phase) =>
		isByTime
			? [phase.time_ns / totalTime, (phase.time_ns + phase.ns) / totalTime]
			: [shareOf(phase.first), shareOf(phase.first + phase.operations)];

	/* boots last: they are short, and must not be covered */
	return [...trace.phases]
		.sort((a, b) => a.is_boot - b.is_boot)
		.map((phase) => {
			const [from, to] = place(phase),
				width = Math.max(phase.is_boot ? 3 : 1, (to - from) * at.plot - 1);
			const x = Math.min(at.left + from * at.plot, at.left + at.plot - width);
			return svg(
				"g",
				{},
				svg(
					"title",
					{},
					`${phaseName(phase)}: ` +
						`${many(phase.operations, "operation")}, ` +
						`${time(phase.ns)}`,
				),
				svg("rect", {
					class: phase.is_boot ? "boot" : "running",
					x,
					y: at.phases.top,
					width,
					height: at.phases.height,
				}),
				width > 72
					? svg(
							"text",
							{
								x: x + 5,
								y: at.phases.top + 13,
								class: phase.is_boot
									? "on-boot"
									: "strong",
							},
							phaseName(phase),
						)
					: null,
			);
		});
}

function drawEvents(at) {
	return trace.events.map((event) => {
		const isCut = event.kind === "power_cut",
			x = Math.max(at.left + 6, Math.min(at.left + at.plot - 6, at.x(event.at)));
		const y = at.events.top + 9;
		return svg(
			"g",
			{},
			svg(
				"title",
				{},
				isCut
					? `power cut before operation ${count(event.at)}`
					: `note: ${traceText(event.text)}`,
			),
			svg("path", {
				class: "event",
				d: isCut
					? `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`
					: `M${x - 4} ${y + 7}v-14l9 4l-9 4`,
			}),
		);
	});
}

/* Marks that would lie on each other are one; its link leads to the first of them. */
function clusters(at) {
	const list = [];

	for (const it of [...examples].sort((a, b) => a.at - b.at)) {
		const x = Math.max(at.left + 11, Math.min(at.left + at.plot - 11, at.x(it.at))),
			before = list[list.length - 1];
		if (before && x - before.x < 22) before.items.push(it);
		else list.push({ x, items: [it] });
	}
	return list;
}

function drawCuts(at) {
	const middle = at.cuts.top + 12;

	return clusters(at).map(({ x, items }) => {
		const ids = [...new Set(items.map(({ finding }) => finding))].sort((a, b) => a - b);
		const label =
			`Finding ${ids.slice(0, 6).join(", ")}` +
			`${ids.length > 6 ? " and more" : ""}: ` +
			`${many(items.length, "failing cut")}, ` +
			range(items[0].at, items[items.length - 1].at);
		return [
			svg("line", {
				class: "guide",
				x1: x,
				x2: x,
				y1: middle + 9,
				y2: at.bottom - 4,
			}),
			svg(
				"a",
				{ class: "mark", href: `#finding-${ids[0]}`, "aria-label": label },
				svg("title", {}, label),
				svg("rect", {
					x: x - 12,
					y: middle - 12,
					width: 24,
					height: 24,
					fill: "transparent",
				}),
				svg("path", { d: `M${x} ${middle - 11}l11 11l-11 11l-11 -11z` }),
				svg(
					"text",
					{ x, y: middle + 3.5, "text-anchor": "middle" },
					ids.length > 1 ? "+" : ids[0] < 100 ? ids[0] : "",
				),
			),
		];
	});
}

function drawAxis(at) {
	const all = isByTime ? totalTime : Math.max(1, trace.operations),
		rough = all / (at.isNarrow ? 3 : 6);
	const power = 10 ** Math.floor(Math.log10(rough)),
		step = Math.max(
			isByTime ? 0 : 1,
			[1, 2, 5, 10].find((n) => n * power >= rough) * power,
		);
	const places = Array.from({ length: Math.floor(all / step) + 1 }, (_, i) => i * step);

	return places.map((place) => {
		const x = at.left + (at.plot * place) / all;
		return [
			svg("line", {
				class: "rule",
				x1: x,
				x2: x,
				y1: at.bottom - 2,
				y2: at.bottom + 3,
			}),
			svg(
				"text",
				{
					x,
					y: at.height - 4,
					"text-anchor": !place
						? "start"
						: x > at.left + at.plot - 20
							? "end"
							: "middle",
				},
				isByTime ? time(place) : count(place),
			),
		];
	});
}

function drawTimeline() {
	const at = timelineLayout(Math.max(240, byId("timeline-picture").clientWidth));
	const cursor = svg("rect", {
		class: "cursor",
		y: at.lanes,
		height: at.bottom - at.lanes,
		width: 0,
	});
	const area = svg("rect", {
		x: at.left,
		y: at.lanes,
		width: at.plot,
		height: at.bottom - at.lanes,
		fill: "transparent",
	});
	const most = Math.max(1, ...buckets.map((bucket) => bucket.acknowledged));
	const ticks = buckets
		.map((bucket) => {
			const height = Math.max(
				4,
				(at.acknowledged.height * bucket.acknowledged) / most,
			);
			return bucket.acknowledged
				? rect(
						at.x(bucket.last + 1) - 1,
						at.acknowledged.top +
							at.acknowledged.height -
							height,
						1,
						height,
					)
				: "";
		})
		.join("");
	const picture = svg(
		"svg",
		{
			viewBox: `0 0 ${at.width} ${at.height}`,
			role: "group",
			"aria-label": "The run over time",
		},
		drawRowLabels(at),
		drawPhases(at),
		drawEvents(at),
		trace.lanes.map((lane, k) => drawLane(at, lane, k)),
		svg("path", { class: "ticks", d: ticks }),
		drawAxis(at),
		area,
		cursor,
		drawCuts(at),
	);

	byId("timeline-picture").replaceChildren(picture);
	if (!buckets.length) return;
	makeSlider(area, "Place in the run", buckets.length - 1, {
		step: Math.ceil(buckets.length / 20),
		show(i) {
			const x = at.x(buckets[i].first);
			cursor.setAttribute("x", x);
			cursor.setAttribute("width", Math.max(1, at.x(buckets[i].last + 1) - x));
			return (byId("timeline-readout").textContent = bucketWords(i));
		},
		placeAt(event) {
			const share = (pointOf(picture, event)[0] - at.left) / at.plot;
			if (!isByTime) return bucketOf(share * trace.operations);
			const next = buckets.findIndex(
				(bucket) => bucket.time_ns > share * totalTime,
			);
			return next < 0 ? buckets.length - 1 : Math.max(0, next - 1);
		},
	});
}

function setAxis(byTime) {
	isByTime = byTime;
	byId("by-operation").setAttribute("aria-pressed", !byTime);
	byId("by-time").setAttribute("aria-pressed", byTime);
	drawTimeline();
}

byId("by-operation").addEventListener("click", () => setAxis(false));
byId("by-time").addEventListener("click", () => setAxis(true));

drawAtEachWidth(byId("timeline-picture"), drawTimeline);
})();
