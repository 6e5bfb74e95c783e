/* SPDX-License-Identifier: MIT */
/* The map of the chip. */
"use strict";
(() => {
const {
	byId,
	count,
	drawAtEachWidth,
	el,
	examples,
	hex,
	makeSlider,
	many,
	name,
	number,
	ownerText,
	pointOf,
	rect,
	sample,
	size,
	sum,
	svg,
	table,
	time,
	trace,
	traceText,
	words,
} = window.report;
if (!trace) return;

const LEVELS = 6;
const cells = trace.cells.map(
	([area, cell, blocks, most, erases, programs, bytes, owner, last]) => ({
		area,
		cell,
		blocks,
		most,
		erases,
		programs,
		bytes,
		owner,
		last,
	}),
);
const most = Math.max(0, ...cells.map((cell) => cell.most));
/* The highest number of erases of each level: one each, or growing by a factor. */
const bounds = Array.from({ length: Math.min(most, LEVELS) }, (_, i) =>
	most <= LEVELS ? i + 1 : Math.max(i + 1, Math.round(most ** ((i + 1) / LEVELS))),
);
const levelOf = (erases) => (erases ? 1 + bounds.findIndex((bound) => erases <= bound) : 0);
/* Few levels use the far ends of the scale. */
const shade = (level) =>
	!level
		? 0
		: bounds.length < 2
			? 4
			: 1 + Math.round(((level - 1) * (LEVELS - 1)) / (bounds.length - 1));
const areas = trace.areas.map((area, i) => {
	const own = cells.filter((cell) => cell.area === i);
	return {
		...area,
		index: i,
		own,
		byCell: new Map(own.map((cell) => [cell.cell, cell])),
		count: Math.ceil(area.blocks / trace.per_cell),
		title: area.name === null ? "outside of all partitions" : area.name,
		failing: new Map(),
	};
});
for (const { finding, example } of examples) {
	const area = areas.find(
		({ addr, size: bytes }) => example.addr >= addr && example.addr < addr + bytes,
	);
	if (area) {
		const cell = Math.floor(
			(example.addr - area.addr) / area.block_size / trace.per_cell,
		);
		area.failing.set(cell, (area.failing.get(cell) || new Set()).add(finding));
	}
}

/* A path of a diamond, from its upper corner. */
const diamond = (x, y, half) => `M${x} ${y}l${half} ${half}l${-half} ${half}l${-half} ${-half}z`;

function cellWords(area, index) {
	const first = index * trace.per_cell,
		last = Math.min(first + trace.per_cell, area.blocks) - 1;
	const cell = area.byCell.get(index),
		failing = area.failing.get(index);
	const parts = [
		(first === last
			? `Block ${count(first)}`
			: `Blocks ${count(first)} to ${count(last)}`) +
			` of ${area.title}, ${hex(area.addr + first * area.block_size)}`,
	];

	if (!cell) parts.push("not touched");
	else
		parts.push(
			first === last
				? many(cell.erases, "erase")
				: `at most ${many(cell.most, "erase")} of a block, ` +
						`${count(cell.erases)} in all`,
			`${many(cell.programs, "program")}, ${size(cell.bytes)}`,
			`last for ${ownerText(traceText(cell.owner))}, operation ` +
				`${count(cell.last)}`,
		);
	if (failing) parts.push(`cuts here fail: finding ${[...failing].slice(0, 6).join(", ")}`);
	return parts.join(" \u00b7 ");
}

function drawArea(area, width) {
	const side = width < 500 ? 9 : 13,
		columns = Math.max(1, Math.min(area.count, Math.floor(width / side)));
	const x = (cell) => (cell % columns) * side,
		y = (cell) => Math.floor(cell / columns) * side;
	const height = Math.ceil(area.count / columns) * side;
	const box = (cell, margin) =>
		rect(
			x(cell) + margin,
			y(cell) + margin,
			side - 1 - 2 * margin,
			side - 1 - 2 * margin,
		);
	const half = (side - 1) / 2;
	const levels = Array.from({ length: bounds.length + 1 }, () => "");
	let empty = "",
		failing = "";

	for (let cell = 0; cell < area.count; cell++) {
		const it = area.byCell.get(cell);
		if (!it) empty += box(cell, 0);
		else levels[levelOf(it.most)] += box(cell, it.most ? 0 : 0.5);
	}
	for (const cell of area.failing.keys())
		failing += diamond(x(cell) + half, y(cell) + 0.5, half - 0.5);
	const cursor = svg("rect", { class: "cursor", width: 0, height: 0, "stroke-width": 2 });
	const cover = svg("rect", { width: columns * side, height, fill: "transparent" });
	const picture = svg(
		"svg",
		{
			viewBox: `-1 -1 ${width} ${height + 2}`,
			role: "group",
			"aria-label": `Map of ${area.title}`,
		},
		svg("path", { class: "empty", d: empty }),
		levels.map((d, i) => svg("path", { class: `h${shade(i)}`, d })),
		svg("path", { class: "halo", d: failing }),
		svg("path", { class: "failing", d: failing }),
		cover,
		cursor,
	);

	makeSlider(cover, `Block of ${area.title}`, area.count - 1, {
		step: columns,
		show(cell) {
			document.querySelectorAll("#map .cursor").forEach((it) =>
				it.setAttribute("width", 0),
			);
			cursor.setAttribute("x", x(cell) - 1);
			cursor.setAttribute("y", y(cell) - 1);
			cursor.setAttribute("width", side + 1);
			cursor.setAttribute("height", side + 1);
			return (byId("map-readout").textContent = cellWords(area, cell));
		},
		placeAt(event) {
			const [px, py] = pointOf(picture, event),
				column = Math.floor((px - 1) / side),
				cell = Math.floor((py - 1) / side) * columns + column;
			return column < 0 || column >= columns || cell < 0 || cell >= area.count
				? null
				: cell;
		},
	});
	return picture;
}

function areaWords(area) {
	const touched = sum(area.own.map((cell) => cell.blocks)),
		erases = sum(area.own.map((cell) => cell.erases));

	return (
		` \u00b7 ${hex(area.addr)}, ${size(area.size)} \u00b7 ` +
		`${count(touched)} of ${many(area.blocks, "block")} touched, ` +
		many(erases, "erase")
	);
}

function drawMap() {
	const host = byId("map-pictures"),
		width = Math.max(200, host.clientWidth - 28);

	host.replaceChildren(
		...areas.map((area) =>
			el(
				"figure",
				{},
				el(
					"figcaption",
					{},
					el("strong", {}, area.title),
					area.path ? [" ", name(area.path)] : null,
					areaWords(area),
				),
				drawArea(area, width),
			),
		),
	);
}

function drawMapText() {
	const worn = [...cells]
		.sort((a, b) => b.most - a.most || b.programs - a.programs)
		.slice(0, 24);

	byId("map-lead").textContent =
		(trace.per_cell > 1
			? `Each cell is ${many(trace.per_cell, "block")}, ` +
				`coloured by the most worn of them. `
			: "Each cell is a block. ") +
		`The most worn block was erased ${many(most, "time")} in this run.`;
	byId("map-legend").replaceChildren(
		sample("not touched", svg("path", { class: "empty", d: rect(2, 2, 14, 14) })),
		sample(
			"programmed, never erased",
			svg("path", { class: "h0", d: rect(2.5, 2.5, 13, 13) }),
		),
		...bounds.map((bound, i) => {
			const from = i ? bounds[i - 1] + 1 : 1;
			return sample(
				from === bound
					? many(bound, "erase")
					: `${count(from)} to ${count(bound)} erases`,
				svg("path", { class: `h${shade(i + 1)}`, d: rect(2, 2, 14, 14) }),
			);
		}),
		examples.length
			? sample(
					"cuts here fail",
					svg("path", {
						class: "failing",
						d: "M9 2l7 7l-7 7l-7 -7z",
					}),
				)
			: "",
	);
	byId("map-readout").textContent =
		"Point at a block, or move through the map with the arrow keys, to read about it.";
	byId("map-table").replaceChildren(
		table(
			`${many(worn.length, "cell")} of ${count(cells.length)}`,
			[
				words("Address"),
				words("Partition"),
				number("Block"),
				number("Erases"),
				number("Programs"),
				number("Bytes"),
				words("Last for"),
			],
			worn.map((cell) => [
				el(
					"code",
					{},
					hex(
						areas[cell.area].addr +
							cell.cell *
								trace.per_cell *
								areas[cell.area].block_size,
					),
				),
				areas[cell.area].title,
				count(cell.cell * trace.per_cell),
				count(cell.most),
				count(cell.programs),
				size(cell.bytes),
				name(ownerText(traceText(cell.owner))),
			]),
		),
	);
}

drawMapText();
drawAtEachWidth(byId("map-pictures"), drawMap);
})();
