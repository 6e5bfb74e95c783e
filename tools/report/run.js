/* SPDX-License-Identifier: MIT */
/* The recorded run in words and tables; the timeline draws it. */
"use strict";
(() => {
const {
	byId,
	count,
	examples,
	laneName,
	many,
	name,
	number,
	percent,
	phaseName,
	range,
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

const buckets = trace.buckets.map(([time_ns, failed, acknowledged, programs, erases], i) => ({
	time_ns,
	failed,
	acknowledged,
	programs,
	erases,
	first: i * trace.per_bucket,
	last: Math.min((i + 1) * trace.per_bucket, trace.operations) - 1,
}));
const totalTime = Math.max(
	trace.busy_ns,
	buckets.length ? buckets[buckets.length - 1].time_ns : 0,
	1,
);
const firstAcknowledged = new Map(
	trace.acknowledged.map(([bucket, what, text, index]) => [
		bucket,
		what === "slot" ? `slot ${index}` : `${what} ${traceText(text)}`,
	]),
);
const bucketOf = (op) =>
	Math.max(0, Math.min(buckets.length - 1, Math.floor(op / trace.per_bucket)));
const bucketEnd = (i) => (i + 1 < buckets.length ? buckets[i + 1].time_ns : totalTime);
const phaseAt = (op) =>
	trace.phases.find((phase) => op >= phase.first && op < phase.first + phase.operations);

function bucketWords(i) {
	const bucket = buckets[i],
		phase = phaseAt(bucket.first);
	const lanes = trace.lanes
		.map((lane, k) => [laneName(lane), bucket.programs[k], bucket.erases[k]])
		.filter(([, p, e]) => p || e)
		.sort((a, b) => b[1] + b[2] - a[1] - a[2]);
	const parts = [
		range(bucket.first, bucket.last).replace("o", "O"),
		`at ${time(bucket.time_ns)}`,
	];
	const here = new Set(
		examples.filter(({ at }) => bucketOf(at) === i).map(({ finding }) => finding),
	);

	if (phase) parts.push(phaseName(phase));
	parts.push(
		lanes
			.map(
				([who, p, e]) =>
					`${who}: ` +
					[p && many(p, "program"), e && many(e, "erase")]
						.filter(Boolean)
						.join(", "),
			)
			.join("; "),
	);
	if (bucket.failed) parts.push(`${count(bucket.failed)} failed`);
	if (bucket.acknowledged)
		parts.push(
			`acknowledged: ${firstAcknowledged.get(i)}` +
				(bucket.acknowledged > 1
					? ` and ${count(bucket.acknowledged - 1)} more`
					: ""),
		);
	if (here.size) parts.push(`finding ${[...here].join(", ")}`);
	return parts.join(" \u00b7 ");
}

function drawTimelineText() {
	const has = (kind) => trace.events.some((event) => event.kind === kind);

	byId("timeline-lead").textContent =
		`${many(trace.operations, "operation")} on the chip: ` +
		`${many(trace.programs, "program")} with ` +
		`${size(trace.program_bytes)}, ${many(trace.erases, "erase")}` +
		(trace.failed ? `, ${count(trace.failed)} of them failed` : "") +
		`; ${size(trace.content_bytes)} of content were acknowledged. ` +
		(trace.per_bucket > 1
			? `Each bar stands for ${many(trace.per_bucket, "operation")}, and is ` +
				`as high as the owner's share of them.`
			: "Each bar is one operation.");
	byId("timeline-legend").replaceChildren(
		sample("program", svg("path", { class: "o0", d: "M3 2h4v9h-4zM10 5h4v6h-4z" })),
		sample(
			"erase",
			svg(
				"g",
				{},
				svg("path", { class: "rule", d: "M0 7.5h18" }),
				svg("path", { class: "o0", d: "M4 8h4v7h-4z" }),
			),
		),
		sample("boot", svg("path", { class: "boot", d: rect(1, 3, 16, 12) })),
		sample("application", svg("path", { class: "running", d: rect(1, 3, 16, 12) })),
		...(examples.length
			? [
					sample(
						"cut that fails: leads to its finding",
						svg(
							"g",
							{ class: "mark" },
							svg("path", { d: "M9 1l8 8l-8 8l-8 -8z" }),
						),
					),
				]
			: []),
		...(has("power_cut")
			? [
					sample(
						"power cut in the run",
						svg("path", {
							class: "event",
							d: "M4 4l10 10m0 -10l-10 10",
						}),
					),
				]
			: []),
		...(has("note")
			? [sample("note", svg("path", { class: "event", d: "M5 16v-14l9 4l-9 4" }))]
			: []),
		sample(
			"change acknowledged",
			svg("path", { class: "ticks", d: "M8 3h1.5v12h-1.5z" }),
		),
	);
	byId("timeline-readout").textContent =
		"Point at the run, or move through it with the arrow keys, to read what " +
		"happened there.";
}

function drawTimelineTables() {
	const per = Math.max(1, Math.ceil(buckets.length / 20)),
		rows = [];

	for (let i = 0; i < buckets.length; i += per) {
		const some = buckets.slice(i, i + per),
			first = some[0].first,
			last = some[some.length - 1].last;
		const here = new Set(
			examples
				.filter(({ at }) => at >= first && at <= last)
				.map(({ finding }) => finding),
		);
		rows.push([
			first === last ? count(first) : `${count(first)} to ${count(last)}`,
			time(some[0].time_ns),
			count(sum(some.map((b) => sum(b.programs)))),
			count(sum(some.map((b) => sum(b.erases)))),
			count(sum(some.map((b) => b.acknowledged))),
			[...here].slice(0, 12).join(", ") || "none",
		]);
	}
	byId("timeline-tables").replaceChildren(
		table(
			"By owner, the busiest first",
			[
				words("Owner"),
				number("Programs"),
				number("Bytes"),
				number("Erases"),
				number("Virtual time"),
				number("Share"),
			],
			trace.lanes.map((lane) => [
				name(laneName(lane)),
				count(lane.programs),
				size(lane.program_bytes),
				count(lane.erases),
				time(lane.busy_ns),
				percent(lane.busy_ns, trace.busy_ns),
			]),
		),
		table(
			"Over time",
			[
				words("Operations"),
				number("From"),
				number("Programs"),
				number("Erases"),
				number("Acknowledged"),
				words("Findings that fail here"),
			],
			rows,
		),
	);
}

drawTimelineText();
drawTimelineTables();

Object.assign(window.report, { buckets, totalTime, bucketOf, bucketEnd, phaseAt, bucketWords });
})();
