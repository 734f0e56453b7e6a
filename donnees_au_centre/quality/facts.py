"""What is known of the quality of the data on one day: what the pages, the workbooks and the messages say.

No value of any row is in it: names, counts, dates and descriptions only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from donnees_au_centre.project.datasets import Responsible
from donnees_au_centre.project.versions import HELD

# How a control ended, the best first: the history's words.
GOOD, WARNED, FAILED, BROKEN, SKIPPED = "reussi", "averti", "echec", "erreur", "saute"
OUTCOMES = (GOOD, WARNED, FAILED, BROKEN, SKIPPED)
BAD = (WARNED, FAILED, BROKEN)
TEST, FRESHNESS = "test", "fraicheur"
# Of a build as a whole.
OUTDATED, STOPPED = "amont", "interrompu"


@dataclass(frozen=True)
class Affected:
    """What reads a data set in fault, however far.

    Attributes:
        unique_id: dbt's.
        kind: mart, or tableau_de_bord for an exposure.
        name: the mart's name, or the exposure's label.
        domain: its own; None for an exposure of no domain.
        owner: to be warned; None when nobody is named.
    """

    unique_id: str
    kind: str
    name: str
    domain: str | None
    owner: Responsible | None


@dataclass(frozen=True)
class Control:
    """A control (a data test, or the freshness of a source) with its newest result.

    Attributes:
        unique_id: dbt's, of the test or of the source.
        kind: TEST or FRESHNESS.
        domain: that answers for it.
        name: the test's name, or `source.table`.
        text: what it checks, in French, one sentence.
        advice: what to do when it is bad, in French.
        dataset: unique id of what it is about; None for a test about none in particular.
        label: French-readable name of what it is about: `points_verts.points_verts`, `fct_marche`.
        column: the column, or None.
        file: where it is written, below the checkout.
        outcome: one of OUTCOMES but SKIPPED: a control that was skipped keeps its last outcome.
        rows: rows in fault; 0 when good, None when it could not be counted.
        message: dbt's, without any value; "" when good.
        at: when it was last played, UTC.
        since: when the present uninterrupted series of bad results began, UTC; None when good.
        former: the outcome before the present series, when it was bad and the present one is good: what was
            mended at `mended`; else None.
        mended: when a bad control became good, within the period; else None.
        owner, steward: of the data set, else of its domain; the steward acts, the owner is told.
        affected: marts and dashboards downstream, itself left out.
        personal: True when the rows it looks at are about persons.
        strategic: True when the data set it is about, or one downstream, is a strategic one.
        counted: what `rows` counts, in French, in the singular: cas (rows of data), fichier, colonne, mesure.
    """

    unique_id: str
    kind: str
    domain: str
    name: str
    text: str
    advice: str
    dataset: str | None
    label: str
    column: str | None
    file: str
    outcome: str
    rows: int | None
    message: str
    at: datetime
    since: datetime | None
    former: str | None
    mended: datetime | None
    owner: Responsible | None
    steward: Responsible | None
    affected: tuple[Affected, ...]
    personal: bool
    strategic: bool = False
    counted: str = "cas"

    @property
    def bad(self) -> bool:
        """True for what somebody must look at."""
        return self.outcome in BAD


@dataclass(frozen=True)
class Broken:
    """A model that could not be built at its last attempt, or a mart that was not offered then.

    Attributes:
        unique_id, domain, name, file: of the model.
        text: its French description, first sentence.
        message: dbt's, without any value.
        at, since: as in Control.
        owner, steward, affected, strategic: as in Control.
    """

    unique_id: str
    domain: str
    name: str
    file: str
    text: str
    message: str
    at: datetime
    since: datetime
    owner: Responsible | None
    steward: Responsible | None
    affected: tuple[Affected, ...]
    strategic: bool = False

    @property
    def held(self) -> bool:
        """True for a mart that was built, and is not offered because of what is wrong elsewhere."""
        return self.message.startswith(HELD)

    @property
    def reason(self) -> str:
        """Why such a mart is not offered, and which figures stay, in French."""
        said = self.message.removeprefix(f"{HELD} : ")
        return f"{said[:1].upper()}{said[1:]}"


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a build as a whole, and with no model in particular.

    Attributes:
        kind: OUTDATED, built on figures of another domain that were not of the day; STOPPED, ended before its
            time.
        domain: that was built.
        name: whose figures are old; else the domain.
        text: what it is, in French, one sentence.
        advice: what to do, in French.
        since: when it began, UTC.
        owner: of the domain that was built; None when nobody is named.
        steward: who acts; None when nobody is named.
    """

    kind: str
    domain: str
    name: str
    text: str
    advice: str
    since: datetime
    owner: Responsible | None
    steward: Responsible | None


@dataclass(frozen=True)
class Received:
    """A source table: what came, when, against what was promised, and what was put aside.

    Attributes:
        unique_id, domain: of the source table.
        label: `source.table`, or the source alone when both are named alike.
        text: its French description, first sentence.
        files, rows: in the raw table.
        of_system: True when a system gives the rows, and no file does.
        last: last receipt, UTC; None when nothing ever came.
        promise: « tous les 3 mois »; "" without one.
        due: day by which the next data are promised; None without a promise or a receipt.
        late: True when that day is past.
        failure: why its last load failed, without any value; "" when it did not.
        failed_at: when the file that cannot be loaded was received, UTC; None when the last load went well.
        unreadable, rejected, excluded, anomalies: reason -> lines (the last one: cells made null).
        former: the same four, by kind, in total, at the start of the period; empty when not known.
        owner, steward: as in Control.
        personal: True when its rows are about persons.
    """

    unique_id: str
    domain: str
    label: str
    text: str
    files: int
    rows: int
    last: datetime | None
    promise: str
    due: date | None
    late: bool
    failure: str
    unreadable: Mapping[str, int]
    rejected: Mapping[str, int]
    excluded: Mapping[str, int]
    anomalies: Mapping[str, int]
    former: Mapping[str, int]
    owner: Responsible | None
    steward: Responsible | None
    personal: bool
    failed_at: datetime | None = None
    of_system: bool = False


@dataclass(frozen=True)
class Coverage:
    """How far a domain's data sets (source tables and marts) and models are described and watched.

    Attributes:
        models, described, tested: models, those with a description, those with a test on them.
        columns, columns_described: of all models.
        datasets, owned, stewarded: data sets, those that name their own owner, their own steward.
    """

    models: int
    described: int
    tested: int
    columns: int
    columns_described: int
    datasets: int
    owned: int
    stewarded: int


@dataclass(frozen=True)
class Day:
    """The controls of a domain as they stood at the end of one day.

    Attributes:
        day: in local time.
        good: controls that were good.
        played: controls that had a result by then.
    """

    day: date
    good: int
    played: int

    @property
    def score(self) -> float | None:
        """Good controls in a hundred, from 0 to 100; None when none was played."""
        return 100 * self.good / self.played if self.played else None


@dataclass(frozen=True)
class Run:
    """One dbt command of the history.

    Attributes:
        number: execution_id.
        key: dbt's invocation id.
        begun, ended: UTC.
        command, launcher, scope, outcome: as noted (commande, lanceur, portee, issue).
        revision, digest: git revision, and of the manifest.
        counts: outcome -> nodes.
    """

    number: int
    key: str
    begun: datetime
    ended: datetime
    command: str
    launcher: str
    scope: str
    outcome: str
    revision: str
    digest: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Quality:
    """Everything, for the ministry and for each domain.

    Attributes:
        made_at: the moment it speaks of, UTC.
        period: days that the trend and « what improved » look back over.
        domains: domain -> its French name, in the order to show.
        controls: every control that has a result, by domain and name.
        unplayed: unique ids of controls of the manifest that have no result yet.
        broken: models in error.
        troubles: what is wrong with the last build of a domain as a whole.
        sources: every declared source table.
        coverage: by domain.
        days: domain -> one Day a day of the period, oldest first, ending today; "" is the ministry.
        runs: of the period, newest first.
    """

    made_at: datetime
    period: int
    domains: Mapping[str, str]
    controls: tuple[Control, ...]
    unplayed: tuple[str, ...]
    broken: tuple[Broken, ...]
    sources: tuple[Received, ...]
    coverage: Mapping[str, Coverage]
    days: Mapping[str, tuple[Day, ...]]
    runs: tuple[Run, ...]
    troubles: tuple[Trouble, ...] = ()

    def of(self, domain: str) -> tuple[Control, ...]:
        """The controls of a domain."""
        return tuple(control for control in self.controls if control.domain == domain)
