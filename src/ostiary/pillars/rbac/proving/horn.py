"""Horn clauses, and what follows from a start: the least set of atoms that holds the start and is closed under the clauses, each atom by its cheapest proof.

An atom is any tuple. A clause has a head, a body (all of it is needed), a cost and a level: how sure it is. What somebody can do only ever grows, so
that one pass is enough: the cheapest atom that is not settled yet is settled for good (Knuth 1977, a generalisation of Dijkstra's algorithm), in time
O(E log V). Same clauses, same start, same answer: ties go to the clause that was added first.

>>> program = Program()
>>> program.add(("wet",), ("rain",), ("outside",), level=Level.SURE)
>>> program.closure([("rain",), ("outside",)], Level.SURE).has(("wet",))
True
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from heapq import heappop, heappush

Atom = tuple[object, ...]


class Level(IntEnum):
    """How a clause holds: by a binding alone, for sure with what follows from it, or perhaps (what decides is not in a cluster's objects)."""

    BOUND = 0
    SURE = 1
    PERHAPS = 2


class Program:
    """The clauses. ``note`` is for whoever reads a derivation; this module does not look at it."""

    def __init__(self) -> None:
        self._numbers: dict[Atom, int] = {}
        self.atoms: list[Atom] = []
        self.heads: list[int] = []
        self.bodies: list[tuple[int, ...]] = []
        self.costs: list[int] = []
        self.levels: list[Level] = []
        self.notes: list[object] = []
        self.waiting: list[list[int]] = []  # by atom, the clauses that need it
        self._axioms: list[int] = []

    def add(self, head: Atom, *body: Atom, level: Level, cost: int = 0, note: object = None) -> None:
        """One clause. With an empty body it holds for everybody."""
        clause = len(self.heads)
        numbers = tuple(dict.fromkeys(map(self.number, body)))
        self.heads.append(self.number(head))
        self.bodies.append(numbers)
        self.costs.append(cost)
        self.levels.append(level)
        self.notes.append(note)
        for atom in numbers:
            self.waiting[atom].append(clause)
        if not numbers:
            self._axioms.append(clause)

    def number(self, atom: Atom) -> int:
        """The number of an atom, for good."""
        number = self._numbers.setdefault(atom, len(self.atoms))
        if number == len(self.atoms):
            self.atoms.append(atom)
            self.waiting.append([])
        return number

    def known(self, atom: Atom) -> bool:
        """Whether some clause speaks of it."""
        return atom in self._numbers

    def closure(self, start: Iterable[Atom], level: Level, goal: Atom | None = None) -> "Closure":
        """What follows from the start by clauses of at most this level; stops as soon as the goal does."""
        heap = [(0, self._numbers[atom], -1) for atom in start if atom in self._numbers]
        heap += [(self.costs[clause], self.heads[clause], clause) for clause in self._axioms if self.levels[clause] <= level]
        heap.sort()
        wanted = self._numbers.get(goal, -1) if goal is not None else -1
        cost: dict[int, int] = {}
        by: dict[int, int] = {}
        left: dict[int, int] = {}
        while heap:
            spent, atom, clause = heappop(heap)
            if atom in by:
                continue
            by[atom], cost[atom] = clause, spent
            if atom == wanted:
                break
            for ready in self._ready(atom, left, level):
                head = self.heads[ready]
                if head not in by:
                    heappush(heap, (self.costs[ready] + sum(cost[one] for one in self.bodies[ready]), head, ready))
        return Closure(self, by)

    def _ready(self, atom: int, left: dict[int, int], level: Level) -> Iterator[int]:
        """The clauses whose last missing atom this is."""
        for clause in self.waiting[atom]:
            if self.levels[clause] <= level:
                missing = left.get(clause, len(self.bodies[clause])) - 1
                left[clause] = missing
                if missing == 0:
                    yield clause

    def into(self, level: Level) -> list[list[int]]:
        """For each atom, the clauses that it is the head of."""
        found: list[list[int]] = [[] for _ in self.atoms]
        for clause, head in enumerate(self.heads):
            if self.levels[clause] <= level and self.bodies[clause]:
                found[head].append(clause)
        return found

    def leading_to(self, goal: Atom, level: Level) -> set[Atom]:
        """Every atom from which the goal may be reached, if whatever else is needed were there."""
        into, first = self.into(level), self.number(goal)
        seen, ahead = {first}, [first]
        for atom in ahead:  # grows as it is read: breadth first
            for clause in into[atom]:
                ahead += [one for one in dict.fromkeys(self.bodies[clause]) if one not in seen]
                seen.update(self.bodies[clause])
        return {self.atoms[number] for number in seen}

    def nearest(self, goal: Atom, level: Level) -> "Nearest":
        """The shortest way to the goal from every atom that reaches it alone, all at once: Dijkstra's algorithm, backwards.

        Ways that need two things of the start in one clause are not among them; what holds for everybody may be needed beside it.
        """
        into, free = self.into(level), self.closure((), level)
        cost: dict[int, int] = {}
        by: dict[int, int] = {}
        heap = [(0, self.number(goal), -1)]
        while heap:
            spent, atom, clause = heappop(heap)
            if atom in by:
                continue
            by[atom], cost[atom] = clause, spent
            for lead in into[atom]:
                missing = [one for one in self.bodies[lead] if one not in free.by]
                if len(missing) == 1 and missing[0] not in by:
                    heappush(heap, (spent + self.costs[lead], missing[0], lead))
        return Nearest(self, by, cost, free)


class Nearest:
    """The shortest ways to one goal."""

    def __init__(self, program: Program, by: dict[int, int], cost: dict[int, int], free: "Closure") -> None:
        self._program, self._by, self._cost, self._free = program, by, cost, free

    def cost(self, atom: Atom) -> int | None:
        """How far the goal is from an atom; None when it is not reached alone."""
        return self._cost.get(self._program.number(atom)) if self._program.known(atom) else None

    def first(self, atom: Atom) -> Atom:
        """What the way comes to first."""
        return self._program.atoms[self._program.heads[self._by[self._program.number(atom)]]]

    def way(self, atom: Atom) -> "Closure":
        """The way from an atom to the goal, as a derivation."""
        number = self._program.number(atom)
        by = {**self._free.by, number: -1}
        while (clause := self._by[number]) >= 0:
            number = self._program.heads[clause]
            by[number] = clause
        return Closure(self._program, by)


class Closure:
    """What follows, and by which clause each atom was first had."""

    def __init__(self, program: Program, by: dict[int, int]) -> None:
        self._program, self.by = program, by

    def has(self, atom: Atom) -> bool:
        """Whether it follows."""
        return self._program.known(atom) and self._program.number(atom) in self.by

    def atoms(self) -> Iterator[Atom]:
        """Everything that follows, cheapest first."""
        return (self._program.atoms[number] for number in self.by)

    def clauses(self, atom: Atom) -> tuple[int, ...]:
        """The derivation of an atom: its clauses, each once, premises before what follows from them."""
        order: list[int] = []
        seen: set[int] = set()
        stack = [(self._program.number(atom), False)]
        while stack:
            number, ready = stack.pop()
            clause = self.by[number]
            if ready:
                order.append(clause)
            elif clause >= 0 and clause not in seen:
                seen.add(clause)
                stack.append((number, True))
                stack += [(one, False) for one in reversed(self._program.bodies[clause])]
        return tuple(order)

    def leaves(self, atom: Atom) -> tuple[Atom, ...]:
        """The atoms of the start from which it is derived."""
        bodies = [self._program.bodies[clause] for clause in self.clauses(atom)] or [(self._program.number(atom),)]
        numbers = dict.fromkeys(one for body in bodies for one in body if self.by[one] < 0)
        return tuple(self._program.atoms[one] for one in numbers)
