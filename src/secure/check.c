/* SPDX-License-Identifier: MIT */
/*
 * check.c - reports what is damaged in a SecureData area; changes nothing.
 */
#include "area.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/fail.h"

static const char *const region_names[TW_REGIONS] = {"primary", "mirror"};

struct report {
	struct twinfs_secure *secure;
	void (*found)(void *ctx, const struct twinfs_error *finding);
	void *ctx;
	int errors;
};

static void tell(struct report *report, const struct twinfs_error *finding)
{
	if (twinfs_problem_severity(finding->problem) == TWINFS_ERROR)
		report->errors++;
	report->found(report->ctx, finding);
}

static void tell_damage(void *ctx, uint64_t addr, const char *what)
{
	struct twinfs_error finding = {0};

	(void)tw_fail_at(&finding, TWINFS_P_SECURE_RECORD, -EBADMSG, TWINFS_NO_BLOCK, addr, "%s",
		what);
	tell(ctx, &finding);
}

static void check_record(void *ctx, const struct tw_record *record, const uint8_t *bytes,
	uint64_t addr)
{
	const struct report *report = ctx;
	struct twinfs_error finding = {0};

	if (tw_secure_accepts(report->secure, record, bytes))
		return;
	(void)tw_fail_at(&finding, TWINFS_P_SECURE_RECORD, -EBADMSG, TWINFS_NO_BLOCK, addr,
		"slot %u, generation %llu: %s", record->slot,
		(unsigned long long)record->generation,
		record->sealed ? "the seal does not verify"
			       : "not sealed, though newer than a sealed record");
	tell(ctx, &finding);
}

/* Reports that @region has not got the newest of every slot. */
static void check_region(struct report *report, unsigned region)
{
	const struct tw_log *log = &report->secure->logs[region];
	const struct tw_log *other = &report->secure->logs[!region];
	struct twinfs_error finding = {0};
	unsigned lacking = 0, first = 0;

	for (unsigned slot = TWINFS_SECURE_SLOTS; slot; slot--) {
		if (log->live[slot].record.generation >= other->live[slot].record.generation)
			continue;
		lacking++;
		first = slot;
	}
	if (!log->usable)
		(void)tw_fail_at(&finding, TWINFS_P_SECURE_MIRROR, -EIO, TWINFS_NO_BLOCK, log->addr,
			"the %s region cannot be read", region_names[region]);
	else if (lacking)
		(void)tw_fail_at(&finding, TWINFS_P_SECURE_MIRROR, -EUCLEAN, TWINFS_NO_BLOCK,
			log->addr,
			"the %s region lags in %u slots, first slot %u: generation "
			"%llu, expected %llu",
			region_names[region], lacking, first,
			(unsigned long long)log->live[first].record.generation,
			(unsigned long long)other->live[first].record.generation);
	if (finding.code)
		tell(report, &finding);
}

int twinfs_secure_check(struct twinfs_secure *secure,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&secure->lock);
	struct report report = {.secure = secure, .found = found, .ctx = ctx};
	const struct tw_log_visitor visitor = {
		.record = check_record,
		.damage = tell_damage,
		.ctx = &report,
	};
	int rc = tw_secure_refresh(secure);

	(void)guard;
	if (rc)
		return rc;
	for (unsigned i = 0; i < TW_REGIONS; i++) {
		if (secure->logs[i].usable)
			(void)tw_log_walk(&secure->logs[i], &visitor); /* was read just now */
		check_region(&report, i);
	}
	return report.errors;
}
