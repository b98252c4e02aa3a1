-- The lines of `dbinspect fleet sweep --format ndjson` and `fleet merge` in ClickHouse.
--
-- INSERT INTO fleet_sweep_lines FORMAT JSONEachRow, with input_format_skip_unknown_fields = 1: the first and the last
-- line of a stream come as lines without a store, which the views leave out.

CREATE TABLE IF NOT EXISTS fleet_sweep_lines
(
    store String,
    slot String,
    host Nullable(String),
    role String,
    time UInt32,
    verdict String,
    records Nullable(UInt64),
    mailboxes Nullable(UInt64),
    deleted Nullable(UInt64),
    tombstones Nullable(UInt64),
    unreadable Nullable(UInt64),
    digest Nullable(String),
    findings UInt64,
    problem Nullable(String),
    lines Nullable(UInt64),
    oldestAge Nullable(UInt64),
    lost UInt64,
    drift Nullable(UInt64),
    channels Array(Tuple(
        channel String,
        lines Nullable(UInt64),
        oldestAge Nullable(UInt64),
        lost UInt64,
        pending Nullable(UInt64),
        drift Nullable(UInt64),
        conflict Nullable(UInt64),
        inFlux Nullable(UInt64),
        problem Nullable(String)))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(time))
ORDER BY (store, slot, time);

-- The newest line about each slot.
CREATE VIEW IF NOT EXISTS fleet_slots AS
SELECT *
FROM fleet_sweep_lines
WHERE store != ''
ORDER BY store, slot, time DESC
LIMIT 1 BY store, slot;

-- A store to a row: of more than one digest at least one replica differs, and if no lines wait that is drift.
CREATE VIEW IF NOT EXISTS fleet_stores AS
SELECT
    store,
    count() AS slots,
    countIf(verdict IN ('sound', 'recoverable')) AS sound,
    uniqExact(digest) AS digests,
    max(ifNull(lines, 0)) AS waiting,
    max(oldestAge) AS oldest,
    max(ifNull(drift, 0)) AS differences,
    min(time) AS since
FROM fleet_slots
GROUP BY store
ORDER BY store;

-- A replica to a row, with what waits for it, and whether its list is that of its master.
CREATE VIEW IF NOT EXISTS fleet_replicas AS
SELECT
    master.store AS store,
    master.slot AS master,
    master.channel.channel AS replica,
    master.channel.lines AS waiting,
    master.channel.oldestAge AS oldest,
    master.channel.lost AS lost,
    replica.verdict AS verdict,
    master.digest = replica.digest AS equal
FROM
(
    SELECT store, slot, digest, arrayJoin(channels) AS channel FROM fleet_slots WHERE role = 'master'
) AS master
LEFT JOIN fleet_slots AS replica ON replica.store = master.store AND replica.slot = master.channel.channel
ORDER BY store, replica;
