/* The two pictures of a report: the run over time, and the map of the chip. */
"use strict";
(() => {
const { trace, findings, byId, el, svg, name, table, number, words, count, many, hex, time, size, sum, range, traceText, ownerText,
	laneName, phaseName, percent } = window.report;
if (!trace)
	return;

/* A path of rectangles: thousands of them are one element. */
const rect = (x, y, width, height) => `M${x.toFixed(2)} ${y.toFixed(2)}h${width.toFixed(2)}v${height.toFixed(2)}h${(-width).toFixed(2)}z`;

/* Makes @node a slider over @last + 1 places: pointer, touch and keys all call @show. */
function makeSlider(node, label, last, { show, placeAt, step }) {
	let at = 0;
	const go = (to) => {
		at = Math.max(0, Math.min(last, to));
		node.setAttribute("aria-valuenow", at);
		node.setAttribute("aria-valuetext", show(at));
	};
	const keys = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: step, ArrowUp: -step, PageDown: 10 * step, PageUp: -10 * step,
		Home: -Infinity, End: Infinity };

	for (const [key, value] of Object.entries({ role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 0, "aria-valuemax": last }))
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
			if (place !== null)
				go(place);
		});
	node.addEventListener("focus", () => go(at));
}

/* Where in the picture, in its own units, an event is. */
function pointOf(picture, event) {
	const box = picture.getBoundingClientRect(), view = picture.viewBox.baseVal;
	return [(event.clientX - box.left) * view.width / box.width, (event.clientY - box.top) * view.height / box.height];
}

/* ---- the timeline ---- */

const buckets = trace.buckets.map(([time_ns, failed, acknowledged, programs, erases], i) => ({
	time_ns, failed, acknowledged, programs, erases, first: i * trace.per_bucket,
	last: Math.min((i + 1) * trace.per_bucket, trace.operations) - 1 }));
const totalTime = Math.max(trace.busy_ns, buckets.length ? buckets[buckets.length - 1].time_ns : 0, 1);
const firstAcknowledged = new Map(trace.acknowledged.map(([bucket, what, text, index]) =>
	[bucket, what === "slot" ? `slot ${index}` : `${what} ${traceText(text)}`]));
const bucketOf = (op) => Math.max(0, Math.min(buckets.length - 1, Math.floor(op / trace.per_bucket)));
const bucketEnd = (i) => i + 1 < buckets.length ? buckets[i + 1].time_ns : totalTime;
let isByTime = false;

/* The share of the width at which operation @op begins. */
function shareOf(op) {
	const i = bucketOf(op), bucket = buckets[i];

	if (!isByTime || !bucket)
		return trace.operations ? Math.min(op, trace.operations) / trace.operations : 0;
	const inside = Math.min(1, (op - bucket.first) / (bucket.last + 1 - bucket.first));
	return (bucket.time_ns + inside * (bucketEnd(i) - bucket.time_ns)) / totalTime;
}

const phaseAt = (op) => trace.phases.find((phase) => op >= phase.first && op < phase.first + phase.operations);

const examples = findings.flatMap((finding, i) => finding.examples.map((example) => ({ finding: i + 1, example,
	at: example.cut.kind === "end" ? trace.operations : example.cut.op })));

function bucketWords(i) {
	const bucket = buckets[i], phase = phaseAt(bucket.first);
	const lanes = trace.lanes.map((lane, k) => [laneName(lane), bucket.programs[k], bucket.erases[k]]).filter(([, p, e]) => p || e)
		.sort((a, b) => b[1] + b[2] - a[1] - a[2]);
	const parts = [range(bucket.first, bucket.last).replace("o", "O"), `at ${time(bucket.time_ns)}`];
	const here = new Set(examples.filter(({ at }) => bucketOf(at) === i).map(({ finding }) => finding));

	if (phase)
		parts.push(phaseName(phase));
	parts.push(lanes.map(([who, p, e]) => `${who}: ` + [p && many(p, "program"), e && many(e, "erase")].filter(Boolean).join(", ")).join("; "));
	if (bucket.failed)
		parts.push(`${count(bucket.failed)} failed`);
	if (bucket.acknowledged)
		parts.push(`acknowledged: ${firstAcknowledged.get(i)}` + (bucket.acknowledged > 1 ? ` and ${count(bucket.acknowledged - 1)} more` : ""));
	if (here.size)
		parts.push(`finding ${[...here].join(", ")}`);
	return parts.join(" \u00b7 ");
}

/* Where things are in the picture; labels stand beside their lane, or above it where it is narrow. */
function timelineLayout(width) {
	const isNarrow = width < 640, left = isNarrow ? 0 : 215;
	const lane = isNarrow ? 45 : 32, bars = isNarrow ? 20 : 4;
	const labelled = (top, height) => ({ top: top + (isNarrow ? 16 : 0), label: top + (isNarrow ? 12 : height / 2 + 4), height });
	const phases = labelled(0, 18), events = labelled(phases.top + 22, trace.events.length ? 18 : 0);
	const cuts = trace.events.length ? labelled(events.top + 22, 24) : labelled(phases.top + 22, 24);
	const lanes = (examples.length ? cuts.top + cuts.height : trace.events.length ? events.top + events.height : phases.top + phases.height) + 8, acknowledged = labelled(lanes + trace.lanes.length * lane + 8, 12);
	const plot = width - left - 1;
	const bottom = acknowledged.top + acknowledged.height + 4;
	return { width, left, plot, lane, bars, phases, events, cuts, lanes, acknowledged, bottom, height: bottom + 22, isNarrow,
		x: (op) => left + shareOf(op) * plot };
}

function drawRowLabels(at) {
	const label = (y, text) => svg("text", { x: 0, y, class: "strong" }, text);
	const room = Math.floor((at.isNarrow ? at.width - 16 : at.left - 24) / 6.2);
	const clip = (text) => text.length > room ? text.slice(0, room / 2) + "\u2026" + text.slice(1 - room / 2) : text;

	return [
		label(at.phases.label, "phases"), trace.events.length ? label(at.events.label, "power cuts, notes") : null,
		examples.length ? label(at.cuts.label, "first cuts that fail") : null, label(at.acknowledged.label, "acknowledged"),
		trace.lanes.map((lane, i) => {
			const top = at.lanes + i * at.lane, text = laneName(lane);
			return [svg("rect", { class: `o${i}`, x: 0, y: top + (at.isNarrow ? 3 : 9), width: 10, height: 10 }),
				svg("text", { x: 16, y: top + (at.isNarrow ? 12 : 18), class: "strong" }, clip(text), svg("title", {}, text))];
		}),
	];
}

/* The highest bars: the greatest shares of a bucket that any lane has. */
const greatest = (what) => Math.max(1e-9, ...buckets.map((bucket) => Math.max(...bucket[what]) / (bucket.last + 1 - bucket.first)));
const mostPrograms = greatest("programs"), mostErases = greatest("erases");

/* Programs stand on a lane's base line, erases hang below it: not told apart by colour. */
function drawLane(at, lane, k) {
	const base = at.lanes + k * at.lane + at.bars + 16;
	let up = "", down = "";

	buckets.forEach((bucket, i) => {
		const all = bucket.last + 1 - bucket.first, x = at.x(bucket.first);
		const width = Math.max(0.8, (i + 1 < buckets.length ? at.x(buckets[i + 1].first) : at.left + at.plot) - x);
		const programs = Math.max(2, 17 * bucket.programs[k] / all / mostPrograms);
		if (bucket.programs[k])
			up += rect(x, base - programs, width, programs);
		if (bucket.erases[k])
			down += rect(x, base + 1, width, Math.max(2, 8 * bucket.erases[k] / all / mostErases));
	});
	return [svg("line", { class: "rule", x1: at.left, x2: at.left + at.plot, y1: base + .5, y2: base + .5 }),
		svg("path", { class: `o${k}`, d: up }), svg("path", { class: `o${k}`, d: down })];
}

function drawPhases(at) {
	const place = (phase) => isByTime ? [phase.time_ns / totalTime, (phase.time_ns + phase.ns) / totalTime] :
		[shareOf(phase.first), shareOf(phase.first + phase.operations)];

	/* boots last: they are short, and must not be covered */
	return [...trace.phases].sort((a, b) => a.is_boot - b.is_boot).map((phase) => {
		const [from, to] = place(phase), width = Math.max(phase.is_boot ? 3 : 1, (to - from) * at.plot - 1);
		const x = Math.min(at.left + from * at.plot, at.left + at.plot - width);
		return svg("g", {}, svg("title", {}, `${phaseName(phase)}: ${many(phase.operations, "operation")}, ${time(phase.ns)}`),
			svg("rect", { class: phase.is_boot ? "boot" : "running", x, y: at.phases.top, width, height: at.phases.height }),
			width > 72 ? svg("text", { x: x + 5, y: at.phases.top + 13, class: phase.is_boot ? "on-boot" : "strong" }, phaseName(phase)) : null);
	});
}

function drawEvents(at) {
	return trace.events.map((event) => {
		const isCut = event.kind === "power_cut", x = Math.max(at.left + 6, Math.min(at.left + at.plot - 6, at.x(event.at)));
		const y = at.events.top + 9;
		return svg("g", {}, svg("title", {}, isCut ? `power cut before operation ${count(event.at)}` : `note: ${traceText(event.text)}`),
			svg("path", { class: "event", d: isCut ? `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` : `M${x - 4} ${y + 7}v-14l9 4l-9 4` }));
	});
}

/* Marks that would lie on each other are one; its link leads to the first of them. */
function clusters(at) {
	const list = [];

	for (const it of [...examples].sort((a, b) => a.at - b.at)) {
		const x = Math.max(at.left + 11, Math.min(at.left + at.plot - 11, at.x(it.at))), before = list[list.length - 1];
		if (before && x - before.x < 22)
			before.items.push(it);
		else
			list.push({ x, items: [it] });
	}
	return list;
}

function drawCuts(at) {
	const middle = at.cuts.top + 12;

	return clusters(at).map(({ x, items }) => {
		const ids = [...new Set(items.map(({ finding }) => finding))].sort((a, b) => a - b);
		const label = `Finding ${ids.slice(0, 6).join(", ")}${ids.length > 6 ? " and more" : ""}: ${many(items.length, "failing cut")}, ` +
			range(items[0].at, items[items.length - 1].at);
		return [svg("line", { class: "guide", x1: x, x2: x, y1: middle + 9, y2: at.bottom - 4 }),
			svg("a", { class: "mark", href: `#finding-${ids[0]}`, "aria-label": label }, svg("title", {}, label),
				svg("rect", { x: x - 12, y: middle - 12, width: 24, height: 24, fill: "transparent" }),
				svg("path", { d: `M${x} ${middle - 11}l11 11l-11 11l-11 -11z` }),
				svg("text", { x, y: middle + 3.5, "text-anchor": "middle" }, ids.length > 1 ? "+" : ids[0] < 100 ? ids[0] : ""))];
	});
}

function drawAxis(at) {
	const all = isByTime ? totalTime : Math.max(1, trace.operations), rough = all / (at.isNarrow ? 3 : 6);
	const power = 10 ** Math.floor(Math.log10(rough)), step = Math.max(isByTime ? 0 : 1, [1, 2, 5, 10].find((n) => n * power >= rough) * power);
	const places = Array.from({ length: Math.floor(all / step) + 1 }, (_, i) => i * step);

	return places.map((place) => {
		const x = at.left + at.plot * place / all;
		return [svg("line", { class: "rule", x1: x, x2: x, y1: at.bottom - 2, y2: at.bottom + 3 }),
			svg("text", { x, y: at.height - 4, "text-anchor": !place ? "start" : x > at.left + at.plot - 20 ? "end" : "middle" },
				isByTime ? time(place) : count(place))];
	});
}

function drawTimeline() {
	const at = timelineLayout(Math.max(240, byId("timeline-picture").clientWidth));
	const cursor = svg("rect", { class: "cursor", y: at.lanes, height: at.bottom - at.lanes, width: 0 });
	const area = svg("rect", { x: at.left, y: at.lanes, width: at.plot, height: at.bottom - at.lanes, fill: "transparent" });
	const most = Math.max(1, ...buckets.map((bucket) => bucket.acknowledged));
	const ticks = buckets.map((bucket) => {
		const height = Math.max(4, at.acknowledged.height * bucket.acknowledged / most);
		return bucket.acknowledged ? rect(at.x(bucket.last + 1) - 1, at.acknowledged.top + at.acknowledged.height - height, 1, height) : "";
	}).join("");
	const picture = svg("svg", { viewBox: `0 0 ${at.width} ${at.height}`, role: "group", "aria-label": "The run over time" },
		drawRowLabels(at), drawPhases(at), drawEvents(at), trace.lanes.map((lane, k) => drawLane(at, lane, k)),
		svg("path", { class: "ticks", d: ticks }), drawAxis(at), area, cursor, drawCuts(at));

	byId("timeline-picture").replaceChildren(picture);
	if (!buckets.length)
		return;
	makeSlider(area, "Place in the run", buckets.length - 1, { step: Math.ceil(buckets.length / 20),
		show(i) {
			const x = at.x(buckets[i].first);
			cursor.setAttribute("x", x);
			cursor.setAttribute("width", Math.max(1, at.x(buckets[i].last + 1) - x));
			return byId("timeline-readout").textContent = bucketWords(i);
		},
		placeAt(event) {
			const share = (pointOf(picture, event)[0] - at.left) / at.plot;
			if (!isByTime)
				return bucketOf(share * trace.operations);
			const next = buckets.findIndex((bucket) => bucket.time_ns > share * totalTime);
			return next < 0 ? buckets.length - 1 : Math.max(0, next - 1);
		} });
}

const sample = (what, picture) => el("li", {}, svg("svg", { width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" }, picture), what);

function drawTimelineText() {
	const has = (kind) => trace.events.some((event) => event.kind === kind);

	byId("timeline-lead").textContent = `${many(trace.operations, "operation")} on the chip: ${many(trace.programs, "program")} with ` +
		`${size(trace.program_bytes)}, ${many(trace.erases, "erase")}` + (trace.failed ? `, ${count(trace.failed)} of them failed` : "") +
		`; ${size(trace.content_bytes)} of content were acknowledged. ` +
		(trace.per_bucket > 1 ? `Each bar stands for ${many(trace.per_bucket, "operation")}, and is as high as the owner's share of them.` :
			"Each bar is one operation.");
	byId("timeline-legend").replaceChildren(
		sample("program", svg("path", { class: "o0", d: "M3 2h4v9h-4zM10 5h4v6h-4z" })),
		sample("erase", svg("g", {}, svg("path", { class: "rule", d: "M0 7.5h18" }), svg("path", { class: "o0", d: "M4 8h4v7h-4z" }))),
		sample("boot", svg("path", { class: "boot", d: rect(1, 3, 16, 12) })),
		sample("application", svg("path", { class: "running", d: rect(1, 3, 16, 12) })),
		...(examples.length ? [sample("cut that fails: leads to its finding",
			svg("g", { class: "mark" }, svg("path", { d: "M9 1l8 8l-8 8l-8 -8z" })))] : []),
		...(has("power_cut") ? [sample("power cut in the run", svg("path", { class: "event", d: "M4 4l10 10m0 -10l-10 10" }))] : []),
		...(has("note") ? [sample("note", svg("path", { class: "event", d: "M5 16v-14l9 4l-9 4" }))] : []),
		sample("change acknowledged", svg("path", { class: "ticks", d: "M8 3h1.5v12h-1.5z" })));
	byId("timeline-readout").textContent = "Point at the run, or move through it with the arrow keys, to read what happened there.";
}

function drawTimelineTables() {
	const per = Math.max(1, Math.ceil(buckets.length / 20)), rows = [];

	for (let i = 0; i < buckets.length; i += per) {
		const some = buckets.slice(i, i + per), first = some[0].first, last = some[some.length - 1].last;
		const here = new Set(examples.filter(({ at }) => at >= first && at <= last).map(({ finding }) => finding));
		rows.push([first === last ? count(first) : `${count(first)} to ${count(last)}`, time(some[0].time_ns), count(sum(some.map((b) => sum(b.programs)))),
			count(sum(some.map((b) => sum(b.erases)))), count(sum(some.map((b) => b.acknowledged))), [...here].slice(0, 12).join(", ") || "none"]);
	}
	byId("timeline-tables").replaceChildren(
		table("By owner, the busiest first", [words("Owner"), number("Programs"), number("Bytes"), number("Erases"), number("Virtual time"), number("Share")],
			trace.lanes.map((lane) => [name(laneName(lane)), count(lane.programs), size(lane.program_bytes), count(lane.erases),
				time(lane.busy_ns), percent(lane.busy_ns, trace.busy_ns)])),
		table("Over time", [words("Operations"), number("From"), number("Programs"), number("Erases"), number("Acknowledged"), words("Findings that fail here")], rows));
}

/* ---- the map ---- */

const LEVELS = 6;
const cells = trace.cells.map(([area, cell, blocks, most, erases, programs, bytes, owner, last]) =>
	({ area, cell, blocks, most, erases, programs, bytes, owner, last }));
const most = Math.max(0, ...cells.map((cell) => cell.most));
/* The highest number of erases of each level: one each, or growing by a factor. */
const bounds = Array.from({ length: Math.min(most, LEVELS) }, (_, i) => most <= LEVELS ? i + 1 : Math.max(i + 1, Math.round(most ** ((i + 1) / LEVELS))));
const levelOf = (erases) => erases ? 1 + bounds.findIndex((bound) => erases <= bound) : 0;
/* Few levels use the far ends of the scale. */
const shade = (level) => !level ? 0 : bounds.length < 2 ? 4 : 1 + Math.round((level - 1) * (LEVELS - 1) / (bounds.length - 1));
const areas = trace.areas.map((area, i) => {
	const own = cells.filter((cell) => cell.area === i);
	return { ...area, index: i, own, byCell: new Map(own.map((cell) => [cell.cell, cell])), count: Math.ceil(area.blocks / trace.per_cell),
		title: area.name === null ? "outside of all partitions" : area.name,
		failing: new Map() };
});
for (const { finding, example } of examples) {
	const area = areas.find(({ addr, size: bytes }) => example.addr >= addr && example.addr < addr + bytes);
	if (area) {
		const cell = Math.floor((example.addr - area.addr) / area.block_size / trace.per_cell);
		area.failing.set(cell, (area.failing.get(cell) || new Set()).add(finding));
	}
}

function cellWords(area, index) {
	const first = index * trace.per_cell, last = Math.min(first + trace.per_cell, area.blocks) - 1;
	const cell = area.byCell.get(index), failing = area.failing.get(index);
	const parts = [(first === last ? `Block ${count(first)}` : `Blocks ${count(first)} to ${count(last)}`) + ` of ${area.title}, ${hex(area.addr + first * area.block_size)}`];

	if (!cell)
		parts.push("not touched");
	else
		parts.push(first === last ? many(cell.erases, "erase") : `at most ${many(cell.most, "erase")} of a block, ${count(cell.erases)} in all`,
			`${many(cell.programs, "program")}, ${size(cell.bytes)}`, `last for ${ownerText(traceText(cell.owner))}, operation ${count(cell.last)}`);
	if (failing)
		parts.push(`cuts here fail: finding ${[...failing].slice(0, 6).join(", ")}`);
	return parts.join(" \u00b7 ");
}

function drawArea(area, width) {
	const side = width < 500 ? 9 : 13, columns = Math.max(1, Math.min(area.count, Math.floor(width / side)));
	const x = (cell) => cell % columns * side, y = (cell) => Math.floor(cell / columns) * side;
	const height = Math.ceil(area.count / columns) * side;
	const box = (cell, margin) => rect(x(cell) + margin, y(cell) + margin, side - 1 - 2 * margin, side - 1 - 2 * margin);
	const levels = Array.from({ length: bounds.length + 1 }, () => "");
	let empty = "", failing = "";

	for (let cell = 0; cell < area.count; cell++) {
		const it = area.byCell.get(cell);
		if (!it)
			empty += box(cell, 0);
		else
			levels[levelOf(it.most)] += box(cell, it.most ? 0 : .5);
	}
	for (const cell of area.failing.keys())
		failing += `M${x(cell) + side / 2 - .5} ${y(cell) + .5}l${side / 2 - 1} ${side / 2 - 1}l${1 - side / 2} ${side / 2 - 1}l${1 - side / 2} ${1 - side / 2}z`;
	const cursor = svg("rect", { class: "cursor", width: 0, height: 0, "stroke-width": 2 });
	const cover = svg("rect", { width: columns * side, height, fill: "transparent" });
	const picture = svg("svg", { viewBox: `-1 -1 ${width} ${height + 2}`, role: "group", "aria-label": `Map of ${area.title}` },
		svg("path", { class: "empty", d: empty }), levels.map((d, i) => svg("path", { class: `h${shade(i)}`, d })),
		svg("path", { class: "halo", d: failing }), svg("path", { class: "failing", d: failing }), cover, cursor);

	makeSlider(cover, `Block of ${area.title}`, area.count - 1, { step: columns,
		show(cell) {
			document.querySelectorAll("#map .cursor").forEach((it) => it.setAttribute("width", 0));
			cursor.setAttribute("x", x(cell) - 1);
			cursor.setAttribute("y", y(cell) - 1);
			cursor.setAttribute("width", side + 1);
			cursor.setAttribute("height", side + 1);
			return byId("map-readout").textContent = cellWords(area, cell);
		},
		placeAt(event) {
			const [px, py] = pointOf(picture, event), column = Math.floor((px - 1) / side), cell = Math.floor((py - 1) / side) * columns + column;
			return column < 0 || column >= columns || cell < 0 || cell >= area.count ? null : cell;
		} });
	return picture;
}

function drawMap() {
	const host = byId("map-pictures"), width = Math.max(200, host.clientWidth - 28);

	host.replaceChildren(...areas.map((area) => el("figure", {},
		el("figcaption", {}, el("strong", {}, area.title), area.path ? [" ", name(area.path)] : null,
			` \u00b7 ${hex(area.addr)}, ${size(area.size)} \u00b7 ${count(sum(area.own.map((cell) => cell.blocks)))} of ${many(area.blocks, "block")} touched, ` +
			many(sum(area.own.map((cell) => cell.erases)), "erase")),
		drawArea(area, width))));
}

function drawMapText() {
	const worn = [...cells].sort((a, b) => b.most - a.most || b.programs - a.programs).slice(0, 24);

	byId("map-lead").textContent = (trace.per_cell > 1 ? `Each cell is ${many(trace.per_cell, "block")}, coloured by the most worn of them. ` :
		"Each cell is a block. ") + `The most worn block was erased ${many(most, "time")} in this run.`;
	byId("map-legend").replaceChildren(sample("not touched", svg("path", { class: "empty", d: rect(2, 2, 14, 14) })),
		sample("programmed, never erased", svg("path", { class: "h0", d: rect(2.5, 2.5, 13, 13) })),
		...bounds.map((bound, i) => {
			const from = i ? bounds[i - 1] + 1 : 1;
			return sample(from === bound ? many(bound, "erase") : `${count(from)} to ${count(bound)} erases`,
				svg("path", { class: `h${shade(i + 1)}`, d: rect(2, 2, 14, 14) }));
		}),
		examples.length ? sample("cuts here fail", svg("path", { class: "failing", d: "M9 2l7 7l-7 7l-7 -7z" })) : "");
	byId("map-readout").textContent = "Point at a block, or move through the map with the arrow keys, to read about it.";
	byId("map-table").replaceChildren(table(`${many(worn.length, "cell")} of ${count(cells.length)}`,
		[words("Address"), words("Partition"), number("Block"), number("Erases"), number("Programs"), number("Bytes"), words("Last for")],
		worn.map((cell) => [el("code", {}, hex(areas[cell.area].addr + cell.cell * trace.per_cell * areas[cell.area].block_size)), areas[cell.area].title,
			count(cell.cell * trace.per_cell), count(cell.most), count(cell.programs), size(cell.bytes), name(ownerText(traceText(cell.owner)))])));
}

/* ---- both ---- */

function setAxis(byTime) {
	isByTime = byTime;
	byId("by-operation").setAttribute("aria-pressed", !byTime);
	byId("by-time").setAttribute("aria-pressed", byTime);
	drawTimeline();
}

byId("by-operation").addEventListener("click", () => setAxis(false));
byId("by-time").addEventListener("click", () => setAxis(true));
let drawnWidth = 0;
new ResizeObserver(() => {
	const width = byId("timeline-picture").clientWidth;
	if (width === drawnWidth)
		return;
	drawnWidth = width;
	drawTimeline();
	drawMap();
}).observe(byId("timeline-picture"));
drawTimelineText();
drawTimelineTables();
drawMapText();
})();
