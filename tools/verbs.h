/* SPDX-License-Identifier: MIT */
/*
 * verbs.h - the functions behind the table of verbs. Each gets the verb's name
 * in argv[0] and returns the exit status.
 */
#ifndef TW_TOOL_VERBS_H
#define TW_TOOL_VERBS_H

int tw_tool_verb_boot(int argc, char **argv);
int tw_tool_verb_cat(int argc, char **argv);
int tw_tool_verb_check(int argc, char **argv);
int tw_tool_verb_crc(int argc, char **argv);
int tw_tool_verb_damage(int argc, char **argv);
int tw_tool_verb_explore(int argc, char **argv);
int tw_tool_verb_events(int argc, char **argv);
int tw_tool_verb_fault(int argc, char **argv);
int tw_tool_verb_flash(int argc, char **argv);
int tw_tool_verb_get(int argc, char **argv);
int tw_tool_verb_history(int argc, char **argv);
int tw_tool_verb_info(int argc, char **argv);
int tw_tool_verb_ls(int argc, char **argv);
int tw_tool_verb_merge(int argc, char **argv);
int tw_tool_verb_mk(int argc, char **argv);
int tw_tool_verb_mount(int argc, char **argv);
int tw_tool_verb_power(int argc, char **argv);
int tw_tool_verb_put(int argc, char **argv);
int tw_tool_verb_report(int argc, char **argv);
int tw_tool_verb_record(int argc, char **argv);
int tw_tool_verb_resize(int argc, char **argv);
int tw_tool_verb_rm(int argc, char **argv);
int tw_tool_verb_run(int argc, char **argv);
int tw_tool_verb_trace(int argc, char **argv);
int tw_tool_verb_umount(int argc, char **argv);
int tw_tool_verb_unpack(int argc, char **argv);

#endif
