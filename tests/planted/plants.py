#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""plants.py - the table of planted bugs: small, wrong edits of single source files.

Each is a mistake that people make about power loss. The product has no switch for
any of them: plant.py writes a copy of the source with the edit, and the copy is
linked in place of the original, into one test program a bug.

A row: the file, edits (old text, found exactly once, and new text), the scenario
of planted.c that brings it out, and what the explorer has to say: a kind of finding
and words that one of its sentences has to contain.
"""

PLANTS = {
    # ---- littlefs 1 ----
    'lfs1-writes-over-current': {
        'why': 'a commit erases the half of the pair that is in force, not the other one',
        'file': 'src/lfs/v1_commit.c',
        'edits': [('mdir->pair.block[1],\n', 'mdir->pair.block[0],\n'),
                  ('\ttw_pair_swap_halves(mdir);\n', '')],
    },
    'lfs1-revision-stands-still': {
        'why': 'a new version of a pair has the revision of the old one',
        'file': 'src/lfs/v1_commit.c',
        'edits': [('tw_put_le32(start, mdir->rev + 1);', 'tw_put_le32(start, mdir->rev);')],
    },
    'lfs1-believes-torn-halves': {
        'why': 'the CRC of a half is not looked at',
        'file': 'src/lfs/v1_disk.c',
        'edits': [('tw_crc32_raw(UINT32_MAX, bytes, half->len) == 0',
                   'tw_crc32_raw(UINT32_MAX, bytes, 0) != 0')],
    },
    'lfs1-rename-removes-first': {
        'why': 'a rename deletes the old name before it has made the new one',
        'file': 'src/lfs/v1_tree.c',
        'edits': [('\tif (!rc)\n\t\trc = write_destination(volume, dir, twin, replaced);\n',
                   '\tif (!rc)\n\t\trc = tw_v1_remove_entry(volume, node);\n'
                   '\tif (!rc)\n\t\trc = write_destination(volume, dir, twin, replaced);\n'),
                  ('\trc = tw_v1_remove_entry(volume, twin) ?: rc;\n',
                   '\tif (twin->mdir)\n\t\trc = tw_v1_remove_entry(volume, twin) ?: rc;\n')],
    },
    'lfs1-rename-without-mark': {
        'why': 'a rename does not mark the old name as moving',
        'file': 'src/lfs/v1_tree.c',
        'edits': [('bool marks = node->kind != TW_FILE || node->file.size;',
                   'bool marks = false;')],
    },
    'lfs1-orphans-stay': {
        'why': 'a removed directory that a cut left on the thread is not taken off it',
        'file': 'src/lfs/v1_repair.c',
        'edits': [('\twhile (!rc && mdir->next) {', '\twhile (!rc && mdir->next && rc) {')],
    },
    # ---- content, both versions ----
    'content-in-place': {
        'why': 'new content is written over the blocks of the old one',
        'file': 'src/lfs/content.c',
        'edits': [('\t\trc = tw_alloc_block(volume, &blocks[index]);\n',
                   '\t\tif (index < tw_ctz_blocks_of(volume, node)) {\n'
                   '\t\t\tblocks[index] = node->file.blocks[index];\n'
                   '\t\t\trc = 0;\n'
                   '\t\t} else {\n'
                   '\t\t\trc = tw_alloc_block(volume, &blocks[index]);\n'
                   '\t\t}\n'),
                  ('\tfree_blocks(volume, node->file.blocks, first, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n',
                   '\tfree_blocks(volume, node->file.blocks, count, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n')],
    },
    'content-behind-metadata': {
        'why': 'the entry of a file names its new blocks before they are written',
        'file': 'src/lfs/content.c',
        'edits': [('\t\trc = tw_area_write_block(&volume->area, blocks[index], parts, 2);\n',
                   '\t\trc = 0;\n'),
                  ('\tfree_blocks(volume, node->file.blocks, first, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n',
                   '\tfor (uint32_t i = first; i < count && !rc; i++) {\n'
                   '\t\tuint32_t used = tw_ctz_put_header(blocks, i, volume->scratch);\n'
                   '\t\tstruct iovec parts[2] = {{volume->scratch, used}};\n'
                   '\t\trc = content_of_block(volume, node, i, used, &parts[1]);\n'
                   '\t\tif (!rc)\n'
                   '\t\t\trc = tw_area_write_block(&volume->area, blocks[i], parts, 2);\n'
                   '\t}\n'
                   '\tif (rc)\n\t\treturn rc;\n'
                   '\tfree_blocks(volume, node->file.blocks, first, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n')],
    },
    'sync-that-does-nothing': {
        'why': 'a sync is acknowledged, and nothing is written',
        'file': 'src/lfs/content.c',
        'edits': [('\trc = sync_content(volume, node);\n',
                   '\trc = node->file.size ? 0 : sync_content(volume, node);\n')],
    },
    # ---- littlefs 2 ----
    'lfs2-rename-forgets-source': {
        'why': 'a rename between two pairs says nothing of it in the global state',
        'file': 'src/lfs/v2_tree.c',
        'edits': [('\tvolume->wanted = (struct tw_gstate){{flag | tw_v2_tag(TW_V2_DELETE, id, 0),\n'
                   '\t\tmove->from->pair.block[0], move->from->pair.block[1]}};\n',
                   '\tconst struct tw_v2_edit drop = {.dropped = move->ghost};\n'
                   '\t(void)flag;\n\t(void)id;\n\t(void)pair;\n\t(void)pending;\n'),
                  ('\tif (!tw_v2_pending_move(&volume->wanted, &pair, &pending))\n'
                   '\t\treturn rc;\n', ''),
                  ('\tstatic const struct tw_v2_edit nothing;\n\tuint32_t flag',
                   '\tuint32_t flag'),
                  ('\tif (!rc)\n\t\trc = tw_v2_commit(volume, move->from, &nothing);\n',
                   '\tif (!rc)\n\t\trc = tw_v2_commit(volume, move->from, &drop);\n')],
    },
    'lfs2-orphans-unannounced': {
        'why': 'the flag that the thread may hold a removed directory is never set',
        'file': 'src/lfs/v2_commit.c',
        'edits': [('\tif (more || volume->pending.orphans || volume->pending.desyncs)\n',
                   '\tif (more && !more)\n')],
    },
    # ---- SecureData ----
    'secure-body-unchecked': {
        'why': 'the checksum of the content of a slot is not looked at',
        'file': 'src/secure/record.c',
        'edits': [('\tif (tw_le32(bytes + TW_RECORD_HEAD + body_size) != '
                   'crc_of(bytes, body_size))\n\t\treturn -EBADMSG;\n',
                   '\t(void)body_size;\n')],
    },
    'secure-erases-first': {
        'why': 'both regions are erased before a slot is stored anew',
        'file': 'src/secure/secure.c',
        'edits': [('\tfor (unsigned i = 0; i < TW_REGIONS; i++) {\n'
                   '\t\tint rc = store_in_region(secure, i, &record, bytes);\n',
                   '\tfor (unsigned i = 0; i < TW_REGIONS; i++)\n'
                   '\t\t(void)twinfs_flash_erase(secure->flash, secure->logs[i].addr,\n'
                   '\t\t\tsecure->logs[i].unit_count * secure->logs[i].unit_size);\n'
                   '\tfor (unsigned i = 0; i < TW_REGIONS; i++)\n'
                   '\t\t(void)tw_log_load(&secure->logs[i]);\n'
                   '\tfor (unsigned i = 0; i < TW_REGIONS; i++) {\n'
                   '\t\tint rc = store_in_region(secure, i, &record, bytes);\n')],
    },
    'secure-generation-stands-still': {
        'why': 'a new record has the generation of the one before it',
        'file': 'src/secure/secure.c',
        'edits': [('\trecord->generation = ++secure->generation;\n',
                   '\trecord->generation = secure->generation ? secure->generation\n'
                   '\t\t\t\t\t\t\t: ++secure->generation;\n')],
    },
    # ---- boot ----
    'boot-keeps-damaged-files': {
        'why': 'a protected file counts as right when it has any content',
        'file': 'src/module/restore.c',
        'edits': [('\tif (match == TW_TABLE_EQUAL) {\n',
                   '\tif (match == TW_TABLE_EQUAL || file->found) {\n')],
    },
    'update-drops-before-copying': {
        'why': 'an update takes a file off its list before it has copied it',
        'file': 'src/module/update.c',
        'edits': [('\tint rc = install(update, update->stat->first, &payload, file);\n',
                   '\tstruct tw_json item = *update->stat->first, *kept = &item;\n'
                   '\tint rc;\n\n'
                   '\tupdate->stat->first = item.next;\n'
                   '\tif (!item.next)\n\t\tupdate->stat->last = NULL;\n'
                   '\trc = rewrite_stat(update);\n'
                   '\tif (!rc)\n\t\trc = install(update, kept, &payload, file);\n'),
                  ('\tif (!rc)\n\t\trc = drop_first(update);\n', '')],
    },
    'update-flag-goes-last': {
        'why': 'an update removes its list before the flag that says that there is one',
        'file': 'src/module/update.c',
        'edits': [('\tint rc = tw_device_delete(device, FLAG);\n',
                   '\tint rc = tw_device_delete(device, STAT);\n'),
                  ('\t\trc = tw_device_delete(device, STAT);\n',
                   '\t\trc = tw_device_delete(device, FLAG);\n')],
    },
}


def main():
    for name, plant in PLANTS.items():
        kind, words = plant.get('finding', ('nothing', []))
        print(name, plant['file'], plant.get('scene', 'lfs1-files'), kind, *words, sep='\t')


if __name__ == '__main__':
    main()
