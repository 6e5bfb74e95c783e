# SPDX-License-Identifier: MIT
"""The points of scaling.py as SVG, drawn by gnuplot."""
import os
import subprocess

# Sweep -> (column of x, its title, whether the axis is logarithmic).
AXES = {'files': ('files', 'files', True), 'image': ('image_mib', 'image [MiB]', True),
        'clients': ('clients', 'client processes', False)}
# Panel -> (title, unit of y, factor, {column: name of the line}).
PANELS = {
    'rate': ('rate', 'operations [1000/s]', 1 / 1000,
             {'create_per_s': 'create 1 KiB', 'stat_per_s': 'stat, cold',
              'read_per_s': 'read, cold'}),
    'mount': ('mount, to the first listing', 'time [ms]', 1, {'mount_ms': 'mount'}),
    'memory': ('memory of the daemon', 'memory [MiB]', 1 / 1024,
               {'mount_rss_kib': 'RSS, mounted', 'read_rss_kib': 'RSS, all read',
                'read_anon_kib': 'anon., all read'}),
}
SHOWN = {'files': ['rate', 'mount', 'memory'], 'image': ['rate', 'mount', 'memory'],
         'clients': ['rate']}
COLOURS = ['#1f6fb2', '#c8501e', '#3d8b37']
STYLE = '''set encoding utf8
set terminal svg size {width},390 font "DejaVu Sans,12" background "#ffffff" linewidth 1.2
set output "{path}"
set border 3 linecolor rgb "#777777"
set tics nomirror textcolor rgb "#333333"
set grid linecolor rgb "#dddddd" linetype 1
set key below center vertical maxrows 3 width -1 font ",10" textcolor rgb "#333333" samplen 1.5 spacing 1.1
set title textcolor rgb "#111111"
set multiplot layout 1,{panels} margins {left},0.985,0.34,0.91 spacing {gap}
'''


def formats(rows):
    return list(dict.fromkeys(row['format'] for row in rows))


def line_data(rows, form, x, column, factor):
    return '\n'.join(f'{row[x]:g} {row[column] * factor:g}' for row in rows
                     if row['format'] == form)


def panel(rows, sweep, name):
    """The commands that draw one panel."""
    x, x_title, is_log = AXES[sweep]
    title, unit, factor, columns = PANELS[name]
    forms = formats(rows)
    commands = [f'set title "{title}"', f'set xlabel "{x_title}"', f'set ylabel "{unit}"']
    commands.append('set logscale x 10' if is_log else 'unset logscale x')
    xs = sorted({row[x] for row in rows})
    commands.append('set xtics (' + ', '.join(f'"{value:,.0f}" {value:g}' for value in xs) + ')')
    low, high = (xs[0] / 1.5, xs[-1] * 1.5) if is_log else (xs[0] - 0.2, xs[-1] + 0.2)
    commands.append(f'set xrange [{low}:{high}]')
    is_steep = sweep == 'files' and name != 'rate'
    commands.append('set logscale y 10' if is_steep else 'unset logscale y')
    commands.append('set yrange [*:*]' if is_steep else 'set yrange [0:*]')
    plots, blocks = [], []
    for j, form in enumerate(forms):
        for i, (column, label) in enumerate(columns.items()):
            blocks.append(f'$line{i}{j} << END\n{line_data(rows, form, x, column, factor)}\nEND')
            plots.append(f'$line{i}{j} with linespoints linecolor rgb "{COLOURS[i]}" '
                         f'dashtype {j + 1} pointtype 7 pointsize 0.5 title "{label}{", " + form if len(forms) > 1 else ""}"')
    return '\n'.join(blocks + commands + ['plot ' + ', '.join(plots)]) + '\n'


def script(rows, sweep, path):
    """What gnuplot gets to draw one sweep."""
    names = SHOWN[sweep]
    head = STYLE.format(width=40 + 400 * len(names), path=path, panels=len(names),
                        left=0.15 if len(names) == 1 else 0.055,
                        gap=0 if len(names) == 1 else 0.065)
    return head + ''.join(panel(rows, sweep, name) for name in names) + 'unset multiplot\n'


def draw(rows, folder):
    """scaling-SWEEP.svg in @folder for each sweep that there are points of."""
    os.makedirs(folder, exist_ok=True)
    for sweep in SHOWN:
        chosen = [row for row in rows if row['sweep'] == sweep]
        if chosen:
            path = os.path.join(folder, f'scaling-{sweep}.svg')
            subprocess.run(['gnuplot'], input=script(chosen, sweep, path), text=True, check=True)
