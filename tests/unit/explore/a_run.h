/* SPDX-License-Identifier: MIT */
/*
 * a_run.h - one run with all kinds of changes, for tests of what it promises.
 */
#ifndef TEST_EXPLORE_A_RUN_H
#define TEST_EXPLORE_A_RUN_H

#include "trees.h"

#define BEFORE "/usr/a=one /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"

/* Which moment is which: 0 to 17. */
static inline struct tw_story *make_story(void)
{
	struct tw_story *story = new_story();

	change(story, 2, TW_STORY_CONTENT, "/usr/a", "two");        /* 2 */
	change(story, 1, TW_STORY_REMOVE, "/usr/old", NULL);        /* 3 */
	change(story, 2, TW_STORY_RENAME, "/usr/new", "/usr/b");    /* 5 */
	change(story, 1, TW_STORY_CONTENT, "/usr/p", "mine");       /* 6 */
	change(story, 2, TW_STORY_STORE, "3", "s2");                /* 8 */
	change(story, 1, TW_STORY_MKDIR, "/usr/d", NULL);           /* 9 */
	change(story, 2, TW_STORY_RENAME, "/usr/lib", "/usr/lib2"); /* 11 */
	change(story, 1, TW_STORY_ATTR, "/usr/a", "v");             /* 12 */
	change(story, 1, TW_STORY_CREATE, "/usr/c", NULL);          /* 13 */
	change(story, 1, TW_STORY_CONTENT, "/usr/c", "c1");         /* 14 */
	change(story, 1, TW_STORY_CONTENT, "/usr/a", "three");      /* 15 */
	change(story, 1, TW_STORY_REMOVE, "/usr/a", NULL);          /* 16 */
	change(story, 1, TW_STORY_REMOVE, "/usr/p", NULL);          /* 17 */
	return story;
}

static inline struct tw_expect *new_expect_of(const struct tw_story *story, const char *before,
	unsigned flags)
{
	struct tw_shown tree = {0}, factory = {0};
	struct tw_expect *expect;

	set_tree(&tree, before);
	set_tree(&factory, "/usr/p=factory /usr/q=q");
	ck_assert_int_eq(tw_expect_new(story, &tree, &factory, flags, &expect), 0);
	tw_shown_release(&tree);
	tw_shown_release(&factory);
	return expect;
}

static inline struct tw_expect *new_expect(const struct tw_story *story, const char *before)
{
	return new_expect_of(story, before, 0);
}

/* What is there at these moments. */
#define AT_2  "/usr/a=two /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"
#define AT_3  "/usr/a=two /usr/b=b1 /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"
#define AT_5  "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"
#define AT_6  "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=mine #3=s1"
#define AT_8  "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=mine #3=s2"
#define AT_9  "/usr/d/ " AT_8
#define AT_11 "/usr/d/ /usr/a=two /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2"
#define AT_12 AT_11 " /usr/a@5=v"
#define AT_13 AT_12 " /usr/c="
#define AT_14 AT_12 " /usr/c=c1"
#define AT_15                                                                                      \
	"/usr/d/ /usr/a=three /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2 /usr/a@5=v "     \
	"/usr/c=c1"
#define AT_17 "/usr/d/ /usr/b=n /usr/lib2/ /usr/lib2/m=m #3=s2 /usr/c=c1"
#define AT_16 "/usr/d/ /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2 /usr/c=c1"

#endif
