/* SPDX-License-Identifier: MIT */
/* The head of a page: the verdict, what was explored, the figures. */
"use strict";
(() => {
const { byId, count, data, el, findingCount, findings, many, name, result, svg, time, trace } =
	window.report;

function verdictMark(isGood) {
	const path = isGood ? "M3 13l6 6L21 5" : "M12 1L23 12L12 23L1 12Z M12 6v7 M12 16v2";
	return svg(
		"svg",
		{
			viewBox: "0 0 24 24",
			"aria-hidden": "true",
			fill: "none",
			stroke: "currentColor",
			"stroke-width": isGood ? 3.5 : 2.4,
			"stroke-linejoin": "round",
		},
		svg("path", { d: path }),
	);
}

function drawHead() {
	const isGood = !findingCount;
	const title = isGood
		? "Nothing found" +
			(!result.is_complete
				? " so far"
				: result.request.sample
					? " in a sample"
					: "")
		: `${many(findingCount, "finding")}, in ${count(result.bad_states)} of ` +
			`${many(result.states, "state")}`;

	document.title = `${title}: ${result.image || "image"}`;
	byId("verdict").className = isGood ? "is-good" : "is-bad";
	byId("verdict").replaceChildren(verdictMark(isGood), el("span", {}, title));
	byId("subject").replaceChildren(
		name(result.image || "an image"),
		", run ",
		name(result.trace || "not named"),
		`, policy ${result.request.policy}; the power is cut everywhere` +
			(result.request.depth > 1 ? ", and again in the boot that follows" : ""),
	);
}

function drawNotices() {
	const texts = [],
		request = result.request;

	if (!result.is_complete)
		texts.push(
			`Not finished: ${count(result.chunks_done)} of ` +
				`${many(result.chunks, "chunk")} are done.`,
		);
	if (request.sample)
		texts.push(
			`A sample: ${count(result.operations)} of ` +
				`${many(result.trace_operations, "operation")}, chosen by ` +
				`seed ${request.seed}.`,
		);
	if (request.shards > 1)
		texts.push(`One part: shard ${request.shard + 1} of ${request.shards}.`);
	if (result.trace_is_cut || (trace && trace.is_truncated))
		texts.push(
			"The trace ends in the middle: its writer was killed. What is " +
				"behind was not explored.",
		);
	if (!trace) texts.push("Made without the trace: there is no timeline and no block map.");
	if (data.findings_left_out)
		texts.push(
			`The page shows the first ${many(findings.length, "finding")}; ` +
				`${count(data.findings_left_out)} more are in the result.`,
		);
	byId("notices").replaceChildren(...texts.map((text) => el("p", { class: "notice" }, text)));
}

function drawFigures() {
	const figures = [
		[count(result.states), "crash states judged"],
		[count(result.bad_states), "of them with something wrong"],
		[count(result.operations), "operations explored"],
		[count(result.boots.boots), "distinct boots"],
		[
			result.ms ? count((result.states / result.ms) * 1000) : "\u2013",
			`states a second, ${time(result.ms * 1e6)} in all`,
		],
	];

	if (trace) figures.push([time(trace.busy_ns), "virtual device time of the run"]);
	else figures.push([time(result.boots.flash_ns), "virtual device time of all boots"]);
	byId("figures").replaceChildren(
		...figures.map(([value, what]) =>
			el("div", {}, el("dt", {}, what), el("dd", {}, value)),
		),
	);
	byId("contents").replaceChildren(
		...[...document.querySelectorAll("main > section")]
			.filter((section) => !section.hidden)
			.map((section) =>
				el(
					"li",
					{},
					el(
						"a",
						{ href: "#" + section.id },
						section.querySelector("h2").textContent,
					),
				),
			),
	);
	byId("made-by").textContent =
		`Made by ${data.made_by}. Nothing in this page is loaded from elsewhere.`;
}

if (trace) {
	byId("timeline").hidden = false;
	byId("map").hidden = false;
}
drawHead();
drawNotices();
drawFigures();
})();
