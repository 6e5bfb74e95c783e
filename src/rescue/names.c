/* SPDX-License-Identifier: MIT */
/*
 * names.c - the words for what is found.
 */
#include <twinfs/rescue.h>

const char *twinfs_sureness_name(enum twinfs_sureness sureness)
{
	switch (sureness) {
	case TWINFS_SURE:
		return "sure";
	case TWINFS_PROVEN:
		return "proven";
	case TWINFS_LIKELY:
		return "likely";
	case TWINFS_GUESS:
		return "guess";
	case TWINFS_OVERWRITTEN:
		return "overwritten";
	}
	return "guess";
}

const char *twinfs_version_change_name(enum twinfs_version_change change)
{
	switch (change) {
	case TWINFS_VERSION_FOUND:
		return "found";
	case TWINFS_VERSION_CREATED:
		return "created";
	case TWINFS_VERSION_WRITTEN:
		return "written";
	case TWINFS_VERSION_RENAMED:
		return "renamed";
	case TWINFS_VERSION_ATTRS:
		return "attributes";
	case TWINFS_VERSION_PLACE:
		return "place";
	case TWINFS_VERSION_CHAIN:
		return "chain";
	}
	return "found";
}

const char *twinfs_damage_kind_name(enum twinfs_damage_kind kind)
{
	switch (kind) {
	case TWINFS_DAMAGE_SUPERBLOCK:
		return "superblock";
	case TWINFS_DAMAGE_PAIR:
		return "pair";
	case TWINFS_DAMAGE_NEWER:
		return "newer";
	case TWINFS_DAMAGE_FILE:
		return "file";
	case TWINFS_DAMAGE_SHARED:
		return "shared";
	case TWINFS_DAMAGE_UNREACHED:
		return "unreached";
	}
	return "pair";
}
