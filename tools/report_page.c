/* SPDX-License-Identifier: MIT */
/*
 * report_page.c - a trace read for a report, and the page put together.
 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void tw_tool_report_free(struct tw_tool_report_trace *report)
{
	if (!report)
		return;
	twinfs_trace_summary_release(&report->summary);
	free(report->buckets);
	free(report->cells);
	free(report);
}

int tw_tool_report_read(struct twinfs_trace *trace, struct tw_tool_report_trace **ret_report)
{
	struct tw_tool_report_trace *report = calloc(1, sizeof(*report));
	int code = report ? 0 : -ENOMEM;

	if (!code) {
		report->info = twinfs_trace_info(trace);
		twinfs_trace_rewind(trace);
		code = twinfs_trace_summarise(trace, NULL, &report->summary);
	}
	if (!code)
		code = tw_tool_report_timeline(trace, report);
	if (!code)
		code = tw_tool_report_map(trace, report);
	if (!code)
		*ret_report = report;
	else
		tw_tool_report_free(report);
	return code;
}

int tw_tool_report_page(const struct tw_tool_report *report, struct tw_tool_text *page)
{
	int code = tw_tool_text_add(page, tw_tool_report_head, strlen(tw_tool_report_head));

	if (!code)
		code = tw_tool_report_json(report, page);
	if (!code)
		code = tw_tool_text_add(page, tw_tool_report_tail, strlen(tw_tool_report_tail));
	return code;
}
