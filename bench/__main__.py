"""``python -m bench [server|sensors|scenario|drivers|towns|kilometres|soak|soak-server]``.

Without a part all but the towns, the kilometres and the soaks.
"""

from __future__ import annotations

import argparse
import faulthandler

from bench import drivers, scenario, sensors, server, soak, soak_server, towns
from bench.kilometres import measure as kilometres
from bench.results import machine, write
from hdsim.core.cores import take_slot

PARTS = {
    "server": server.measure,
    "sensors": sensors.measure,
    "scenario": scenario.measure,
    "drivers": drivers.measure,
}
_LONG = ("towns", "kilometres", "soak", "soak-server")
_UNTIMED = ("towns", "soak-server")  # these count what happens, on a machine with other work
_TICKS, _SOAK_TICKS = 600, 100_000


def main() -> None:
    """Measures, prints the tables and writes them to ``bench/results``."""
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument(
        "part", nargs="?", choices=[*PARTS, *_LONG], help="default: all but long ones"
    )
    parser.add_argument("--ticks", type=int, help="ticks per measurement; at least 200")
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="of towns, and of soak-server without ticks"
    )
    parser.add_argument(
        "--town", action="append", default=[], help="of towns and kilometres; default: all found"
    )
    driving = parser.add_argument_group("kilometres")
    driving.add_argument("--vehicles", type=int, default=80)
    driving.add_argument("--km", type=float, default=250.0, help="in each town, over all vehicles")
    driving.add_argument("--profile", default="normal", help="who drives")
    driving.add_argument("--seed", type=int, default=1)
    driving.add_argument("--detail", action="store_true", help="what led to each mishap")
    parser.add_argument(
        "--stages", action="store_true", help="of drivers: where the time goes, by kernel"
    )
    parser.add_argument(
        "--counts", type=int, nargs="+", default=[], help="of drivers: numbers of vehicles"
    )
    parser.add_argument("--no-save", action="store_true", help="print only")
    args = parser.parse_args()
    if args.ticks is not None and args.ticks < 200:
        parser.error(f"--ticks {args.ticks}: expected 200 or more")
    if (args.stages or args.counts) and args.part != "drivers":
        parser.error("--stages and --counts belong to the part drivers")
    faulthandler.enable()
    if args.part not in _UNTIMED:
        take_slot(0)  # cores are shared out as for the first worker of a batch
    before = machine()
    tables = []
    if args.part == "soak":
        tables.append(soak.soak(args.ticks or _SOAK_TICKS))
        print(tables[0].markdown(), flush=True)
    elif args.part == "towns":
        tables.append(towns.measure(args.minutes, args.town))
        print(tables[0].markdown(), flush=True)
    elif args.part == "kilometres":
        tables += kilometres.measure(
            args.town, args.vehicles, args.km, args.profile, args.seed, args.detail
        )
        print(tables[0].markdown(), flush=True)
    elif args.counts:
        tables += drivers.measure(args.ticks or _TICKS, args.counts)
        print("\n\n".join(table.markdown() for table in tables), flush=True)
    elif args.stages:
        tables += drivers.stages(args.ticks or _TICKS)
        for table in tables:
            print(table.markdown() + "\n", flush=True)
    elif args.part == "soak-server":
        tables += soak_server.soak(args.minutes, args.ticks or 0)
        print(tables[0].markdown(), flush=True)
    else:
        for name in [args.part] if args.part else PARTS:
            for table in PARTS[name](args.ticks or _TICKS):
                tables.append(table)
                print(table.markdown() + "\n", flush=True)
    if not args.no_save:
        said = f" {args.part}" if args.part else ""
        said += " --stages" if args.stages else ""
        said += " ".join(["", "--counts", *map(str, args.counts)]) if args.counts else ""
        said += f" --ticks {args.ticks}" if args.ticks else ""
        if args.part in _UNTIMED and not args.ticks:
            said += f" --minutes {args.minutes:g}"
        said += "".join(f" --town {name}" for name in args.town)
        named = ["stages"] if args.stages else [*args.town, *map(str, args.counts)]
        part = "-".join([args.part, *named]) if args.part else None
        path = write(tables, f"python -m bench{said}", before, part)
        print(f"\nwritten: {path.name}")


if __name__ == "__main__":
    main()
