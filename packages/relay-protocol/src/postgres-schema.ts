// The tables of the relay store on PostgreSQL and the one function that appends to them. Columns that others of our stores call the
// same hold the same.

/** Goes up with every change of tables or functions. */
export const schemaVersion = 1;

/** Of the error that `relay_append` raises when a batch does not fit. */
export const conflictState = 'TS001';

// `relay_books` is the sequencer: an append locks the row of its book before it compares anything, so the appends to one book are
// one after another whichever front end they come from. A tile is stored in parts, each batch adding one, so that no append rewrites 8 KiB.
export const tables = `
  CREATE TABLE relay_schema (one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL);
  CREATE TABLE relay_identity (one integer PRIMARY KEY CHECK (one = 1), vkey text NOT NULL);
  CREATE TABLE relay_books (book bytea PRIMARY KEY, enrolments integer NOT NULL) WITH (fillfactor = 50);
  CREATE TABLE relay_logs (
    log bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, book bytea NOT NULL, scope text COLLATE "C" NOT NULL,
    size bigint NOT NULL, frontier text NOT NULL, root bytea NOT NULL, UNIQUE (book, scope)) WITH (fillfactor = 50);
  CREATE TABLE relay_entries (
    log bigint NOT NULL, position bigint NOT NULL, hash bytea NOT NULL, device bytea NOT NULL, seq bigint NOT NULL,
    bytes bytea NOT NULL, PRIMARY KEY (log, position));
  CREATE UNIQUE INDEX relay_entries_hash ON relay_entries (log, hash);
  CREATE TABLE relay_chains (
    log bigint NOT NULL, device bytea NOT NULL, seq bigint NOT NULL, hash bytea NOT NULL, forks integer NOT NULL,
    late integer NOT NULL, PRIMARY KEY (log, device)) WITH (fillfactor = 70);
  CREATE TABLE relay_claims (
    log bigint NOT NULL, token text COLLATE "C" NOT NULL, position bigint NOT NULL, PRIMARY KEY (log, token));
  CREATE TABLE relay_tiles (
    log bigint NOT NULL, level integer NOT NULL, tile bigint NOT NULL, start integer NOT NULL,
    hashes bytea NOT NULL, PRIMARY KEY (log, level, tile, start));
  CREATE TABLE relay_batches (
    log bigint NOT NULL, size bigint NOT NULL, bytes bigint NOT NULL, root bytea NOT NULL, append bytea NOT NULL,
    PRIMARY KEY (log, size));
  CREATE TABLE relay_enrolments (
    book bytea NOT NULL, place integer NOT NULL, log bigint NOT NULL, position bigint NOT NULL, fork boolean NOT NULL,
    PRIMARY KEY (book, place));
  CREATE TABLE relay_cosignatures (
    log bigint NOT NULL, device bytea NOT NULL, size bigint NOT NULL, line text NOT NULL, PRIMARY KEY (log, device));
  -- Signatures and hashes do not get smaller.
  ALTER TABLE relay_entries ALTER bytes SET STORAGE EXTERNAL;
  ALTER TABLE relay_tiles ALTER hashes SET STORAGE EXTERNAL;
`;

// One call, one transaction: a round trip and a sync for a whole group. Lists are parallel arrays; hashes, ids and records come
// joined, cut by width or by length. `l` is the number of the log that a row belongs to, from 1.
export const appendFunction: string = `
  CREATE FUNCTION relay_append(
    p_append bytea,
    p_log_books bytea[], p_log_scopes text[], p_log_froms bigint[], p_log_sizes bigint[], p_log_frontiers text[], p_log_roots bytea[],
    p_batch_l integer[], p_batch_sizes bigint[], p_batch_bytes bigint[], p_batch_roots bytea[],
    p_entry_l integer[], p_entry_positions bigint[], p_entry_hashes bytea, p_entry_devices bytea, p_entry_seqs bigint[],
    p_entry_starts integer[], p_entry_lengths integer[], p_records bytea,
    p_chain_l integer[], p_chain_devices bytea, p_chain_seqs bigint[], p_chain_hashes bytea, p_chain_forks integer[],
    p_chain_late integer[],
    p_tile_l integer[], p_tile_levels integer[], p_tiles bigint[], p_tile_starts integer[], p_tile_offsets integer[],
    p_tile_lengths integer[], p_tile_hashes bytea,
    p_enrolment_l integer[], p_enrolment_positions bigint[], p_enrolment_forks boolean[],
    p_claim_l integer[], p_claim_tokens text[], p_claim_positions bigint[]
  ) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    moved integer;
    logs bigint[];
  BEGIN
    -- In one order, so that no two appends wait for each other.
    INSERT INTO relay_books SELECT DISTINCT b, 0 FROM unnest(p_log_books) AS b
      WHERE NOT EXISTS (SELECT FROM relay_books WHERE book = b) ORDER BY b ON CONFLICT DO NOTHING;
    PERFORM 1 FROM relay_books WHERE book = ANY (p_log_books) ORDER BY book FOR UPDATE;
    INSERT INTO relay_logs (book, scope, size, frontier, root)
      SELECT book, scope, 0, '', '' FROM unnest(p_log_books, p_log_scopes, p_log_froms) AS n (book, scope, start) WHERE start = 0
      ON CONFLICT DO NOTHING;
    UPDATE relay_logs AS r SET size = n.size, frontier = n.frontier, root = n.root
      FROM unnest(p_log_books, p_log_scopes, p_log_froms, p_log_sizes, p_log_frontiers, p_log_roots)
        AS n (book, scope, start, size, frontier, root)
      WHERE r.book = n.book AND r.scope = n.scope AND r.size = n.start;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(p_log_scopes) THEN
      RAISE EXCEPTION 'a log has another size' USING ERRCODE = '${conflictState}';
    END IF;
    SELECT array_agg(r.log ORDER BY n.l) INTO logs
      FROM unnest(p_log_books, p_log_scopes) WITH ORDINALITY AS n (book, scope, l)
      JOIN relay_logs AS r ON r.book = n.book AND r.scope = n.scope;
    INSERT INTO relay_entries
      SELECT logs[l], position, substring(p_entry_hashes FROM (i::integer - 1) * 32 + 1 FOR 32),
        substring(p_entry_devices FROM (i::integer - 1) * 32 + 1 FOR 32), seq, substring(p_records FROM start + 1 FOR length)
      FROM unnest(p_entry_l, p_entry_positions, p_entry_seqs, p_entry_starts, p_entry_lengths) WITH ORDINALITY
        AS n (l, position, seq, start, length, i);
    INSERT INTO relay_chains
      SELECT logs[l], substring(p_chain_devices FROM (i::integer - 1) * 32 + 1 FOR 32), seq,
        substring(p_chain_hashes FROM (i::integer - 1) * 32 + 1 FOR 32), forks, late
      FROM unnest(p_chain_l, p_chain_seqs, p_chain_forks, p_chain_late) WITH ORDINALITY AS n (l, seq, forks, late, i)
      ON CONFLICT (log, device) DO UPDATE
        SET seq = excluded.seq, hash = excluded.hash, forks = excluded.forks, late = excluded.late;
    INSERT INTO relay_tiles
      SELECT logs[l], level, tile, start, substring(p_tile_hashes FROM at + 1 FOR length)
      FROM unnest(p_tile_l, p_tile_levels, p_tiles, p_tile_starts, p_tile_offsets, p_tile_lengths)
        AS n (l, level, tile, start, at, length);
    IF cardinality(p_claim_l) > 0 THEN
      INSERT INTO relay_claims
        SELECT logs[l], token, position FROM unnest(p_claim_l, p_claim_tokens, p_claim_positions) AS n (l, token, position)
        ON CONFLICT DO NOTHING;
      GET DIAGNOSTICS moved = ROW_COUNT;
      IF moved <> cardinality(p_claim_l) THEN
        RAISE EXCEPTION 'a token is taken' USING ERRCODE = '${conflictState}';
      END IF;
    END IF;
    IF cardinality(p_enrolment_l) > 0 THEN
      INSERT INTO relay_enrolments
        SELECT book, enrolments + row_number() OVER (PARTITION BY book ORDER BY i), logs[l], position, fork
        FROM unnest(p_enrolment_l, p_enrolment_positions, p_enrolment_forks) WITH ORDINALITY AS n (l, position, fork, i)
        JOIN relay_books ON book = p_log_books[l];
      UPDATE relay_books AS b SET enrolments = b.enrolments + n.count
        FROM (SELECT p_log_books[l] AS book, count(*) AS count FROM unnest(p_enrolment_l) AS l GROUP BY 1) AS n WHERE b.book = n.book;
    END IF;
    INSERT INTO relay_batches
      SELECT logs[l], size, bytes, root, p_append
      FROM unnest(p_batch_l, p_batch_sizes, p_batch_bytes, p_batch_roots) AS n (l, size, bytes, root);
  END $$;
`;

export const queries = {
  adopt: 'INSERT INTO relay_identity VALUES (1, $1) ON CONFLICT DO NOTHING',
  identity: 'SELECT vkey FROM relay_identity',
  bookCount: `SELECT count(*) FROM relay_logs WHERE scope = 'hq'`,
  storedBytes: 'SELECT coalesce(sum(bytes), 0) AS bytes FROM relay_logs JOIN relay_batches USING (log) WHERE book = $1',
  scopes: 'SELECT scope, size FROM relay_logs WHERE book = $1 ORDER BY scope',
  // Of many logs at once: each row answers the question that its `n` numbers.
  log: `SELECT n, size, frontier, root FROM unnest($1::integer[], $2::bytea[], $3::text[]) AS asked (n, book, scope)
    JOIN relay_logs USING (book, scope)`,
  chains: `SELECT n, c.device, seq, c.hash, forks, late
    FROM unnest($1::integer[], $2::bytea[], $3::text[], $4::bytea[]) AS asked (n, book, scope, device)
    JOIN relay_logs USING (book, scope) JOIN relay_chains AS c USING (log, device)`,
  find: `SELECT n, e.hash, position, e.device, seq FROM unnest($1::integer[], $2::bytea[], $3::text[], $4::bytea[]) AS asked (n, book, scope, hash)
    JOIN relay_logs USING (book, scope) JOIN relay_entries AS e USING (log, hash)`,
  append: `SELECT relay_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38)`,
  claims: `SELECT token, position, hash, device FROM relay_logs JOIN relay_claims USING (log) JOIN relay_entries USING (log, position)
    WHERE book = $1 AND scope = $2 AND token = ANY ($3)`,
  // Sizes and sums only grow, so the last batch that fits is the greatest.
  pageEnd: `SELECT max(size) AS end FROM (
      SELECT b.size, sum(b.bytes) OVER (ORDER BY b.size) AS total, row_number() OVER (ORDER BY b.size) AS nth
      FROM relay_logs AS l JOIN relay_batches AS b USING (log)
      WHERE book = $1 AND scope = $2 AND b.size > $3 ORDER BY b.size LIMIT $4::integer + 1) AS fitting
    WHERE nth = 1 OR (size - $3 <= $4 AND total <= $5)`,
  records: `SELECT bytes FROM relay_logs JOIN relay_entries USING (log)
    WHERE book = $1 AND scope = $2 AND position >= $3 AND position < $4 ORDER BY position`,
  tile: `SELECT n, string_agg(hashes, '' ORDER BY start) AS hashes
    FROM unnest($1::integer[], $2::bytea[], $3::text[], $4::integer[], $5::bigint[]) AS asked (n, book, scope, level, tile)
    JOIN relay_logs USING (book, scope) JOIN relay_tiles USING (log, level, tile) GROUP BY n`,
  enrolments: `SELECT e.hash, bytes, fork, position FROM relay_enrolments JOIN relay_entries AS e USING (log, position)
    WHERE book = $1 ORDER BY place`,
  enrolmentCount: 'SELECT enrolments FROM relay_books WHERE book = $1',
  rootAt: `SELECT b.root FROM relay_logs JOIN relay_batches AS b USING (log)
    WHERE book = $1 AND scope = $2 AND b.size = $3`,
  cosign: `INSERT INTO relay_cosignatures AS c SELECT log, $3, $4, $5 FROM relay_logs WHERE book = $1 AND scope = $2
    ON CONFLICT (log, device) DO UPDATE SET size = excluded.size, line = excluded.line WHERE c.size <= excluded.size`,
  dropCosignatures: `DELETE FROM relay_cosignatures AS c USING relay_logs AS l
    WHERE l.book = $1 AND l.scope = $2 AND c.log = l.log AND c.device NOT IN (
      SELECT device FROM relay_cosignatures WHERE log = l.log ORDER BY size DESC, device LIMIT $3)`,
  cosignatures: `SELECT device, c.size, line FROM relay_logs JOIN relay_cosignatures AS c USING (log)
    WHERE book = $1 AND scope = $2 ORDER BY c.size DESC, device`,
  // Waits for an append to the book that is still under way, and its own commit for the standby: what is then read is settled.
  settle: 'INSERT INTO relay_books AS b VALUES ($1, 0) ON CONFLICT (book) DO UPDATE SET enrolments = b.enrolments',
  appended:
    'SELECT 1 FROM relay_logs JOIN relay_batches AS b USING (log) WHERE book = $1 AND scope = $2 AND b.size = $3 AND append = $4',
} as const;
