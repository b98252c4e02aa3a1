-- The lines of `dbinspect fleet sweep --format ndjson` and `fleet merge` in DuckDB.
--
-- INSERT INTO fleet_sweep_lines BY NAME FROM fleet_sweep_file('all.ndjson'): the first and the last line of a stream
-- are left out.

CREATE TABLE IF NOT EXISTS fleet_sweep_lines
(
    store VARCHAR NOT NULL,
    slot VARCHAR NOT NULL,
    host VARCHAR,
    role VARCHAR NOT NULL,
    time BIGINT NOT NULL,
    verdict VARCHAR NOT NULL,
    records UBIGINT,
    mailboxes UBIGINT,
    deleted UBIGINT,
    tombstones UBIGINT,
    unreadable UBIGINT,
    digest VARCHAR,
    findings UBIGINT,
    problem VARCHAR,
    lines UBIGINT,
    oldestAge BIGINT,
    lost UBIGINT,
    drift UBIGINT,
    channels STRUCT(
        channel VARCHAR, lines UBIGINT, oldestAge BIGINT, lost UBIGINT, pending UBIGINT, drift UBIGINT,
        conflict UBIGINT, inFlux UBIGINT, problem VARCHAR)[]
);

CREATE OR REPLACE MACRO fleet_sweep_file(path) AS TABLE
SELECT *
FROM read_json(
    path, format = 'newline_delimited', columns = {
        store: 'VARCHAR', slot: 'VARCHAR', host: 'VARCHAR', role: 'VARCHAR', time: 'BIGINT', verdict: 'VARCHAR',
        records: 'UBIGINT', mailboxes: 'UBIGINT', deleted: 'UBIGINT', tombstones: 'UBIGINT', unreadable: 'UBIGINT',
        digest: 'VARCHAR', findings: 'UBIGINT', problem: 'VARCHAR', lines: 'UBIGINT', oldestAge: 'BIGINT',
        lost: 'UBIGINT', drift: 'UBIGINT',
        channels: 'STRUCT(channel VARCHAR, lines UBIGINT, oldestAge BIGINT, lost UBIGINT, pending UBIGINT,
            drift UBIGINT, conflict UBIGINT, inFlux UBIGINT, problem VARCHAR)[]'
    })
WHERE store IS NOT NULL;

-- The newest line about each slot.
CREATE OR REPLACE VIEW fleet_slots AS
SELECT *
FROM fleet_sweep_lines
QUALIFY row_number() OVER (PARTITION BY store, slot ORDER BY time DESC) = 1;

-- A store to a row: of more than one digest at least one replica differs, and if no lines wait that is drift.
CREATE OR REPLACE VIEW fleet_stores AS
SELECT
    store,
    count(*) AS slots,
    count(*) FILTER (verdict IN ('sound', 'recoverable')) AS sound,
    count(DISTINCT digest) AS digests,
    max(coalesce(lines, 0)) AS waiting,
    max(oldestAge) AS oldest,
    max(coalesce(drift, 0)) AS differences,
    min(time) AS since
FROM fleet_slots
GROUP BY store
ORDER BY store;

-- A replica to a row, with what waits for it, and whether its list is that of its master.
CREATE OR REPLACE VIEW fleet_replicas AS
SELECT
    master.store, master.slot AS master, channel.channel AS replica, channel.lines AS waiting,
    channel.oldestAge AS oldest, channel.lost, replica.verdict, master.digest = replica.digest AS equal
FROM (SELECT store, slot, digest, unnest(channels) AS channel FROM fleet_slots WHERE role = 'master') AS master
LEFT JOIN fleet_slots AS replica ON replica.store = master.store AND replica.slot = master.channel.channel
ORDER BY master.store, replica;
