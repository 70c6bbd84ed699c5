-- A store of schema 1, as sqlite3's .dump of one that the last build with that schema made: three runs of one
-- small job, the second changed to one that took its rows over from the first, the third to one that is under way,
-- with an example given up, a disagreement and an open lease.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE incarnations (
    incarnation INTEGER PRIMARY KEY AUTOINCREMENT,
    started REAL NOT NULL,
    process INTEGER NOT NULL,
    host TEXT NOT NULL,
    build TEXT NOT NULL
) STRICT;
INSERT INTO incarnations VALUES(1,1795292674.6787910461,1,'host','molt 0.1.0 (unknown)');
INSERT INTO incarnations VALUES(2,1795292674.9227747916,1,'host','molt 0.1.0 (unknown)');
INSERT INTO incarnations VALUES(3,1795292675.0748748779,1,'host','molt 0.1.0 (unknown)');
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE CHECK (run <> ''),
    name TEXT NOT NULL,
    job TEXT NOT NULL CHECK (json_valid(job)),
    build TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'complete', 'incomplete', 'cancelled')),
    created REAL NOT NULL,
    finished REAL,
    CHECK ((state = 'running') = (finished IS NULL))
) STRICT;
INSERT INTO runs VALUES(1,'golden-1','golden','{"benchmarks":[{"data":"demo/piqa.jsonl","labels":"demo/piqa-labels.lst","limit":4,"name":"piqa"}],"models":[{"id":"tiny","path":"model"}],"name":"golden","precision":"fp32","reductions":[{"method":"none"},{"hidden_prune":0.5,"importance":"clip","keep_ratio":0.7,"layers":[1,2],"method":"utrc","residual_prune":0,"scope":"context","source":"ssm","variant":"paper"}],"tokenizer":"demo/tokenizer.json"}','molt 0.1.0 (unknown)',0,'complete',1795292674.6910476684,1795292674.7840390205);
INSERT INTO runs VALUES(2,'golden-2','golden','{"benchmarks":[{"data":"demo/piqa.jsonl","labels":"demo/piqa-labels.lst","limit":4,"name":"piqa"}],"models":[{"id":"tiny","path":"model"}],"name":"golden","precision":"fp32","reductions":[{"method":"none"},{"hidden_prune":0.5,"importance":"clip","keep_ratio":0.7,"layers":[1,2],"method":"utrc","residual_prune":0,"scope":"context","source":"ssm","variant":"paper"}],"tokenizer":"demo/tokenizer.json"}','molt 0.1.0 (unknown)',0,'complete',1795292674.9356238842,1795292674.9902267456);
INSERT INTO runs VALUES(3,'golden-3','golden','{"benchmarks":[{"data":"demo/piqa.jsonl","labels":"demo/piqa-labels.lst","limit":4,"name":"piqa"}],"models":[{"id":"tiny","path":"model"}],"name":"golden","precision":"fp32","reductions":[{"method":"none"},{"hidden_prune":0.5,"importance":"clip","keep_ratio":0.7,"layers":[1,2],"method":"utrc","residual_prune":0,"scope":"context","source":"ssm","variant":"paper"}],"tokenizer":"demo/tokenizer.json"}','molt 0.1.0 (unknown)',0,'running',1795292675.0845384597,NULL);
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    model TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    summary TEXT NOT NULL CHECK (json_valid(summary)),
    parameters INTEGER NOT NULL CHECK (parameters >= 0),
    -- The identity of the engine that scores it in this run; decided by the first grant.
    engine TEXT,
    UNIQUE (run, model),
    UNIQUE (run, id)
) STRICT;
INSERT INTO models VALUES(1,1,'tiny','models/tiny','cbb4b3a876637e62512fa2f84edd3eb98672fbe144603aa7f1c7cce1931b9f71',replace('{"architecture":"mamba1","dimensions":[{"name":"layers","value":4},{"name":"D","value":64},{"name":"E","value":128},{"name":"N","value":16},{"name":"K","value":4},{"name":"R","value":4}],"element_types":[{"parameters":196416,"tensors":42,"type":"F32"}],"embedding_rows":1024,"files":[{"bytes":789880,"name":"model.safetensors"}],"ignored_tensors":[],"layout":"huggingFace","parameters":196416,"published_shape":"tiny","sha256":"cbb4b3a876637e62512fa2f84edd3eb98672fbe144603aa7f1c7cce1931b9f71","tied_head":true}\n','\n',char(10)),196416,'molt 0.1.0 (unknown) cpu/packed');
INSERT INTO models VALUES(2,2,'tiny','models/tiny','cbb4b3a876637e62512fa2f84edd3eb98672fbe144603aa7f1c7cce1931b9f71',replace('{"architecture":"mamba1","dimensions":[{"name":"layers","value":4},{"name":"D","value":64},{"name":"E","value":128},{"name":"N","value":16},{"name":"K","value":4},{"name":"R","value":4}],"element_types":[{"parameters":196416,"tensors":42,"type":"F32"}],"embedding_rows":1024,"files":[{"bytes":789880,"name":"model.safetensors"}],"ignored_tensors":[],"layout":"huggingFace","parameters":196416,"published_shape":"tiny","sha256":"cbb4b3a876637e62512fa2f84edd3eb98672fbe144603aa7f1c7cce1931b9f71","tied_head":true}\n','\n',char(10)),196416,'molt 0.1.0 (unknown) cpu/packed');
INSERT INTO models VALUES(3,3,'tiny','models/tiny','cbb4b3a876637e62512fa2f84edd3eb98672fbe144603aa7f1c7cce1931b9f71',replace('{"architecture":"mamba1","dimensions":[{"name":"layers","value":4},{"name":"D","value":64},{"name":"E","value":128},{"name":"N","value":16},{"name":"K","value":4},{"name":"R","value":4}],"element_types":[{"parameters":196416,"tensors":42,"type":"F32"}],"embedding_rows":1024,"files":[{"bytes":789880,"name":"model.safetensors"}],"ignored_tensors":[],"layout":"huggingFace","parameters":196416,"published_shape":"tiny","sha256":"cbb4b3a876637e62512fa2f84edd3eb98672fbe144603aa7f1c7cce1931b9f71","tied_head":true}\n','\n',char(10)),196416,'molt 0.1.0 (unknown) cpu/packed');
CREATE TABLE benchmarks (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    benchmark TEXT NOT NULL,
    data TEXT NOT NULL,
    data_sha256 TEXT NOT NULL CHECK (length(data_sha256) = 64),
    tokenizer_sha256 TEXT NOT NULL CHECK (length(tokenizer_sha256) = 64),
    documents INTEGER NOT NULL CHECK (documents >= 0),
    row_limit INTEGER CHECK (row_limit > 0),
    UNIQUE (run, benchmark),
    UNIQUE (run, id)
) STRICT;
INSERT INTO benchmarks VALUES(1,1,'piqa','demo/piqa.jsonl','a1f239aa6928be036080b977763e9d8b28a0c2d5bf82d5e993c77ea8b77163ba','285124b59415b2d6f9248e6bd4c6be06aad32856faa97ae38cf66188547e4692',20,4);
INSERT INTO benchmarks VALUES(2,2,'piqa','demo/piqa.jsonl','a1f239aa6928be036080b977763e9d8b28a0c2d5bf82d5e993c77ea8b77163ba','285124b59415b2d6f9248e6bd4c6be06aad32856faa97ae38cf66188547e4692',20,4);
INSERT INTO benchmarks VALUES(3,3,'piqa','demo/piqa.jsonl','a1f239aa6928be036080b977763e9d8b28a0c2d5bf82d5e993c77ea8b77163ba','285124b59415b2d6f9248e6bd4c6be06aad32856faa97ae38cf66188547e4692',20,4);
CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    model INTEGER NOT NULL,
    reduction TEXT NOT NULL CHECK (json_valid(reduction)),
    benchmark INTEGER NOT NULL,
    precision TEXT NOT NULL,
    UNIQUE (run, ordinal),
    UNIQUE (run, model, reduction, benchmark, precision),
    UNIQUE (id, benchmark),
    FOREIGN KEY (run, model) REFERENCES models (run, id),
    FOREIGN KEY (run, benchmark) REFERENCES benchmarks (run, id)
) STRICT;
INSERT INTO cells VALUES(1,1,0,1,'{"method":"none"}',1,'fp32');
INSERT INTO cells VALUES(2,1,1,1,'{"hidden_prune":0.5,"importance":"clip","keep_ratio":0.7,"layers":[1,2],"method":"utrc","residual_prune":0,"scope":"context","source":"ssm","variant":"paper"}',1,'fp32');
INSERT INTO cells VALUES(3,2,0,2,'{"method":"none"}',2,'fp32');
INSERT INTO cells VALUES(4,2,1,2,'{"hidden_prune":0.5,"importance":"clip","keep_ratio":0.7,"layers":[1,2],"method":"utrc","residual_prune":0,"scope":"context","source":"ssm","variant":"paper"}',2,'fp32');
INSERT INTO cells VALUES(5,3,0,3,'{"method":"none"}',3,'fp32');
INSERT INTO cells VALUES(6,3,1,3,'{"hidden_prune":0.5,"importance":"clip","keep_ratio":0.7,"layers":[1,2],"method":"utrc","residual_prune":0,"scope":"context","source":"ssm","variant":"paper"}',3,'fp32');
CREATE TABLE examples (
    benchmark INTEGER NOT NULL REFERENCES benchmarks (id),
    example INTEGER NOT NULL CHECK (example >= 0),
    gold INTEGER CHECK (gold >= 0 AND gold < choices),
    choices INTEGER NOT NULL CHECK (choices > 0),
    tokens INTEGER NOT NULL CHECK (tokens >= 0),
    characters TEXT NOT NULL CHECK (json_array_length(characters) = choices),
    bytes TEXT NOT NULL CHECK (json_array_length(bytes) = choices),
    PRIMARY KEY (benchmark, example)
) STRICT, WITHOUT ROWID;
INSERT INTO examples VALUES(1,0,0,2,79,'[45,42]','[45,42]');
INSERT INTO examples VALUES(1,1,1,2,85,'[52,56]','[52,56]');
INSERT INTO examples VALUES(1,2,0,2,108,'[83,84]','[83,84]');
INSERT INTO examples VALUES(1,3,1,2,78,'[60,51]','[60,51]');
INSERT INTO examples VALUES(2,0,0,2,79,'[45,42]','[45,42]');
INSERT INTO examples VALUES(2,1,1,2,85,'[52,56]','[52,56]');
INSERT INTO examples VALUES(2,2,0,2,108,'[83,84]','[83,84]');
INSERT INTO examples VALUES(2,3,1,2,78,'[60,51]','[60,51]');
INSERT INTO examples VALUES(3,0,0,2,79,'[45,42]','[45,42]');
INSERT INTO examples VALUES(3,1,1,2,85,'[52,56]','[52,56]');
INSERT INTO examples VALUES(3,2,0,2,108,'[83,84]','[83,84]');
INSERT INTO examples VALUES(3,3,1,2,78,'[60,51]','[60,51]');
CREATE TABLE documents (
    benchmark INTEGER NOT NULL,
    example INTEGER NOT NULL,
    doc_hash TEXT NOT NULL CHECK (length(doc_hash) = 64),
    target TEXT NOT NULL,
    doc TEXT NOT NULL CHECK (json_valid(doc)),
    prompts TEXT NOT NULL CHECK (json_valid(prompts)),
    requests BLOB NOT NULL,
    PRIMARY KEY (benchmark, example),
    FOREIGN KEY (benchmark, example) REFERENCES examples (benchmark, example)
) STRICT, WITHOUT ROWID;
INSERT INTO documents VALUES(1,0,'e87f3912af8931d95b10ce32aaf9483c573d7122f4eef8f5335b460ac589862f','0','{"goal": "How can you stop a wooden drawer from sticking?", "sol1": "Rub a candle along the runners of the drawer.", "sol2": "Rub honey along the runners of the drawer.", "label": 0}','[["Question: How can you stop a wooden drawer from sticking?\nAnswer:"," Rub a candle along the runners of the drawer."," Rub honey along the runners of the drawer."]]',X'12670a2e32cb048c02e7021b8c03e403be029906f701fc01b30395028d05fb01f402a102ea03980220bb01224f5458fb011b12190a17e005f701c8069f05f801ea07f9029602f8018d05fb010f121a0a18e0058a02d6035a9f05f801ea07f9029602f8018d05fb010f');
INSERT INTO documents VALUES(1,1,'cb5649c1e8e71be7c56ca7508f95922761b523edfc5d14943a896c13dddf5fab','1','{"goal": "remove the smell of onion from your hands", "sol1": "Rub your wet hands on something made of fresh onion.", "sol2": "Rub your wet hands on something made of stainless steel.", "label": 1}','[["Question: remove the smell of onion from your hands\nAnswer:"," Rub your wet hands on something made of fresh onion."," Rub your wet hands on something made of stainless steel."]]',X'080112750a2932cb048c02e7021be1024e50c602f801b603ab039602a602e702f402cf03e105bb01224f5458fb011b12200a1ee005cf03f703e105a602f901cf05c5049402a202469602f407a602e7020f12260a24e005cf03f703e105a602f901cf05c5049402a202469602a102d1028202a203c703aa030f');
INSERT INTO documents VALUES(1,2,'f393b919a47f2a1671c83466ec8101fc90caeadf1246b2dee34e74abf1895c48','0','{"goal": "To cool a drink quickly without ice,", "sol1": "wrap the bottle in a wet paper towel and put it in the freezer for fifteen minutes.", "sol2": "wrap the bottle in a dry woollen blanket and put it in the oven for fifteen minutes.", "label": 0}','[["Question: To cool a drink quickly without ice,\nAnswer:"," wrap the bottle in a wet paper towel and put it in the freezer for fifteen minutes."," wrap the bottle in a dry woollen blanket and put it in the oven for fifteen minutes."]]',X'0802129f010a2932cb048c02e7021bd101c104df05f7019102f6044cfd04ea03fe029505f7050dbb01224f5458fb011b12350a33fc01e106f801a10582028b02f701f703a903900258aa038802c50393028b02f8018502bf05ea06dd0285024abc038304ba060f123b0a39fc01e106f801a10582028b02f701b504fc01c1024d82024fd6048f024c9f028802c50393028b02f801fe01ad05dd0285024abc038304ba060f');
INSERT INTO documents VALUES(1,3,'c7fd04b384d63f6c8cc8086ff1ea8ffefb8a6183ca026d9dfdd62571c29fffc0','1','{"goal": "How do you find out whether an egg is still fresh?", "sol1": "Put it in a bowl of water and see whether it changes colour.", "sol2": "Put it in a bowl of water and see whether it sinks.", "label": 1}','[["Question: How do you find out whether an egg is still fresh?\nAnswer:"," Put it in a bowl of water and see whether it changes colour."," Put it in a bowl of water and see whether it sinks."]]',X'0803126a0a2a32cb048c02e7021b8c03de02be0289079d038106c203ae02e905c502a807f40720bb01224f5458fb011b121d0a1bea0493028b02f7019d059602d5028802d30781069302a706e5070f121d0a1bea0493028b02f7019d059602d5028802d30781069302d2049c030f');
INSERT INTO documents VALUES(2,0,'e87f3912af8931d95b10ce32aaf9483c573d7122f4eef8f5335b460ac589862f','0','{"goal": "How can you stop a wooden drawer from sticking?", "sol1": "Rub a candle along the runners of the drawer.", "sol2": "Rub honey along the runners of the drawer.", "label": 0}','[["Question: How can you stop a wooden drawer from sticking?\nAnswer:"," Rub a candle along the runners of the drawer."," Rub honey along the runners of the drawer."]]',X'12670a2e32cb048c02e7021b8c03e403be029906f701fc01b30395028d05fb01f402a102ea03980220bb01224f5458fb011b12190a17e005f701c8069f05f801ea07f9029602f8018d05fb010f121a0a18e0058a02d6035a9f05f801ea07f9029602f8018d05fb010f');
INSERT INTO documents VALUES(2,1,'cb5649c1e8e71be7c56ca7508f95922761b523edfc5d14943a896c13dddf5fab','1','{"goal": "remove the smell of onion from your hands", "sol1": "Rub your wet hands on something made of fresh onion.", "sol2": "Rub your wet hands on something made of stainless steel.", "label": 1}','[["Question: remove the smell of onion from your hands\nAnswer:"," Rub your wet hands on something made of fresh onion."," Rub your wet hands on something made of stainless steel."]]',X'080112750a2932cb048c02e7021be1024e50c602f801b603ab039602a602e702f402cf03e105bb01224f5458fb011b12200a1ee005cf03f703e105a602f901cf05c5049402a202469602f407a602e7020f12260a24e005cf03f703e105a602f901cf05c5049402a202469602a102d1028202a203c703aa030f');
INSERT INTO documents VALUES(2,2,'f393b919a47f2a1671c83466ec8101fc90caeadf1246b2dee34e74abf1895c48','0','{"goal": "To cool a drink quickly without ice,", "sol1": "wrap the bottle in a wet paper towel and put it in the freezer for fifteen minutes.", "sol2": "wrap the bottle in a dry woollen blanket and put it in the oven for fifteen minutes.", "label": 0}','[["Question: To cool a drink quickly without ice,\nAnswer:"," wrap the bottle in a wet paper towel and put it in the freezer for fifteen minutes."," wrap the bottle in a dry woollen blanket and put it in the oven for fifteen minutes."]]',X'0802129f010a2932cb048c02e7021bd101c104df05f7019102f6044cfd04ea03fe029505f7050dbb01224f5458fb011b12350a33fc01e106f801a10582028b02f701f703a903900258aa038802c50393028b02f8018502bf05ea06dd0285024abc038304ba060f123b0a39fc01e106f801a10582028b02f701b504fc01c1024d82024fd6048f024c9f028802c50393028b02f801fe01ad05dd0285024abc038304ba060f');
INSERT INTO documents VALUES(2,3,'c7fd04b384d63f6c8cc8086ff1ea8ffefb8a6183ca026d9dfdd62571c29fffc0','1','{"goal": "How do you find out whether an egg is still fresh?", "sol1": "Put it in a bowl of water and see whether it changes colour.", "sol2": "Put it in a bowl of water and see whether it sinks.", "label": 1}','[["Question: How do you find out whether an egg is still fresh?\nAnswer:"," Put it in a bowl of water and see whether it changes colour."," Put it in a bowl of water and see whether it sinks."]]',X'0803126a0a2a32cb048c02e7021b8c03de02be0289079d038106c203ae02e905c502a807f40720bb01224f5458fb011b121d0a1bea0493028b02f7019d059602d5028802d30781069302a706e5070f121d0a1bea0493028b02f7019d059602d5028802d30781069302d2049c030f');
INSERT INTO documents VALUES(3,0,'e87f3912af8931d95b10ce32aaf9483c573d7122f4eef8f5335b460ac589862f','0','{"goal": "How can you stop a wooden drawer from sticking?", "sol1": "Rub a candle along the runners of the drawer.", "sol2": "Rub honey along the runners of the drawer.", "label": 0}','[["Question: How can you stop a wooden drawer from sticking?\nAnswer:"," Rub a candle along the runners of the drawer."," Rub honey along the runners of the drawer."]]',X'12670a2e32cb048c02e7021b8c03e403be029906f701fc01b30395028d05fb01f402a102ea03980220bb01224f5458fb011b12190a17e005f701c8069f05f801ea07f9029602f8018d05fb010f121a0a18e0058a02d6035a9f05f801ea07f9029602f8018d05fb010f');
INSERT INTO documents VALUES(3,1,'cb5649c1e8e71be7c56ca7508f95922761b523edfc5d14943a896c13dddf5fab','1','{"goal": "remove the smell of onion from your hands", "sol1": "Rub your wet hands on something made of fresh onion.", "sol2": "Rub your wet hands on something made of stainless steel.", "label": 1}','[["Question: remove the smell of onion from your hands\nAnswer:"," Rub your wet hands on something made of fresh onion."," Rub your wet hands on something made of stainless steel."]]',X'080112750a2932cb048c02e7021be1024e50c602f801b603ab039602a602e702f402cf03e105bb01224f5458fb011b12200a1ee005cf03f703e105a602f901cf05c5049402a202469602f407a602e7020f12260a24e005cf03f703e105a602f901cf05c5049402a202469602a102d1028202a203c703aa030f');
INSERT INTO documents VALUES(3,2,'f393b919a47f2a1671c83466ec8101fc90caeadf1246b2dee34e74abf1895c48','0','{"goal": "To cool a drink quickly without ice,", "sol1": "wrap the bottle in a wet paper towel and put it in the freezer for fifteen minutes.", "sol2": "wrap the bottle in a dry woollen blanket and put it in the oven for fifteen minutes.", "label": 0}','[["Question: To cool a drink quickly without ice,\nAnswer:"," wrap the bottle in a wet paper towel and put it in the freezer for fifteen minutes."," wrap the bottle in a dry woollen blanket and put it in the oven for fifteen minutes."]]',X'0802129f010a2932cb048c02e7021bd101c104df05f7019102f6044cfd04ea03fe029505f7050dbb01224f5458fb011b12350a33fc01e106f801a10582028b02f701f703a903900258aa038802c50393028b02f8018502bf05ea06dd0285024abc038304ba060f123b0a39fc01e106f801a10582028b02f701b504fc01c1024d82024fd6048f024c9f028802c50393028b02f801fe01ad05dd0285024abc038304ba060f');
INSERT INTO documents VALUES(3,3,'c7fd04b384d63f6c8cc8086ff1ea8ffefb8a6183ca026d9dfdd62571c29fffc0','1','{"goal": "How do you find out whether an egg is still fresh?", "sol1": "Put it in a bowl of water and see whether it changes colour.", "sol2": "Put it in a bowl of water and see whether it sinks.", "label": 1}','[["Question: How do you find out whether an egg is still fresh?\nAnswer:"," Put it in a bowl of water and see whether it changes colour."," Put it in a bowl of water and see whether it sinks."]]',X'0803126a0a2a32cb048c02e7021b8c03de02be0289079d038106c203ae02e905c502a807f40720bb01224f5458fb011b121d0a1bea0493028b02f7019d059602d5028802d30781069302a706e5070f121d0a1bea0493028b02f7019d059602d5028802d30781069302d2049c030f');
CREATE TABLE shards (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL UNIQUE CHECK (job <> ''),
    cell INTEGER NOT NULL REFERENCES cells (id),
    tokens INTEGER NOT NULL CHECK (tokens >= 0),
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed', 'cancelled')),
    detail TEXT NOT NULL DEFAULT '',
    epoch INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    UNIQUE (id, cell)
) STRICT;
INSERT INTO shards VALUES(1,'6094c7736c3430a3c72c412a8b0b6fe7',1,342,'done','',1);
INSERT INTO shards VALUES(2,'7bac8e1879fcab02f3c0b5f52e5e9c9b',2,342,'done','',1);
INSERT INTO shards VALUES(3,'ffd28f8395c2d19b44244fbf0d085b80',3,342,'done','',1);
INSERT INTO shards VALUES(4,'5ee97e982341d9778ba77a7de492031f',4,342,'done','',1);
INSERT INTO shards VALUES(5,'5d2037c18bd9c86d5562ea033e4406d8',5,342,'failed','three attempts failed on a, b; the last: out of memory',1);
INSERT INTO shards VALUES(6,'2bd6791f5ca84bfecc0fcdd4e886f66b',6,342,'pending','',1);
CREATE TABLE expected (
    cell INTEGER NOT NULL,
    example INTEGER NOT NULL,
    benchmark INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    PRIMARY KEY (cell, example),
    FOREIGN KEY (cell, benchmark) REFERENCES cells (id, benchmark),
    FOREIGN KEY (benchmark, example) REFERENCES examples (benchmark, example),
    FOREIGN KEY (shard, cell) REFERENCES shards (id, cell)
) STRICT, WITHOUT ROWID;
INSERT INTO expected VALUES(1,0,1,1);
INSERT INTO expected VALUES(1,1,1,1);
INSERT INTO expected VALUES(1,2,1,1);
INSERT INTO expected VALUES(1,3,1,1);
INSERT INTO expected VALUES(2,0,1,2);
INSERT INTO expected VALUES(2,1,1,2);
INSERT INTO expected VALUES(2,2,1,2);
INSERT INTO expected VALUES(2,3,1,2);
INSERT INTO expected VALUES(3,0,2,3);
INSERT INTO expected VALUES(3,1,2,3);
INSERT INTO expected VALUES(3,2,2,3);
INSERT INTO expected VALUES(3,3,2,3);
INSERT INTO expected VALUES(4,0,2,4);
INSERT INTO expected VALUES(4,1,2,4);
INSERT INTO expected VALUES(4,2,2,4);
INSERT INTO expected VALUES(4,3,2,4);
INSERT INTO expected VALUES(5,0,3,5);
INSERT INTO expected VALUES(5,1,3,5);
INSERT INTO expected VALUES(5,2,3,5);
INSERT INTO expected VALUES(5,3,3,5);
INSERT INTO expected VALUES(6,0,3,6);
INSERT INTO expected VALUES(6,1,3,6);
INSERT INTO expected VALUES(6,2,3,6);
INSERT INTO expected VALUES(6,3,3,6);
CREATE TABLE workers (id INTEGER PRIMARY KEY, worker TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO workers VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO workers VALUES(2,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
INSERT INTO workers VALUES(3,'cccccccccccccccccccccccccccccccccccccccc');
INSERT INTO workers VALUES(9,'run golden-1');
CREATE TABLE engines (
    id INTEGER PRIMARY KEY,
    build TEXT NOT NULL,
    engine TEXT NOT NULL,
    identity TEXT NOT NULL,
    UNIQUE (build, engine, identity)
) STRICT;
INSERT INTO engines VALUES(1,'molt 0.1.0 (unknown)','cpu/avx512/packed','molt 0.1.0 (unknown) cpu/packed');
CREATE TABLE leases (
    shard INTEGER NOT NULL REFERENCES shards (id),
    epoch INTEGER NOT NULL CHECK (epoch > 0),
    worker INTEGER NOT NULL REFERENCES workers (id),
    incarnation INTEGER NOT NULL REFERENCES incarnations (incarnation),
    granted REAL NOT NULL,
    ended REAL,
    reason TEXT CHECK (
        reason IN ('done', 'expired', 'returned', 'failed', 'disowned', 'cancelled', 'reused')),
    PRIMARY KEY (shard, epoch),
    CHECK ((ended IS NULL) = (reason IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO leases VALUES(1,1,1,1,1795292674.7547473907,1795292674.774797201,'done');
INSERT INTO leases VALUES(2,1,1,1,1795292674.7547473907,1795292674.7840390205,'done');
INSERT INTO leases VALUES(3,1,9,2,1795292674.9695997238,1795292674.9837017058,'reused');
INSERT INTO leases VALUES(4,1,9,2,1795292674.9695997238,1795292674.9902267456,'reused');
INSERT INTO leases VALUES(5,1,3,3,1795292675.1218447685,1795292675.1352920532,'failed');
INSERT INTO leases VALUES(6,1,3,3,1795292675.1218447685,NULL,NULL);
CREATE TABLE scores (
    cell INTEGER NOT NULL,
    example INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    engine INTEGER NOT NULL REFERENCES engines (id),
    choices BLOB NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    tokens INTEGER NOT NULL,
    flops_reduction REAL,
    flops_reduction_with_head REAL,
    best INTEGER NOT NULL,
    greedy INTEGER NOT NULL CHECK (greedy IN (0, 1)),
    correct INTEGER NOT NULL CHECK (correct IN (0, 1)),
    PRIMARY KEY (cell, example),
    FOREIGN KEY (cell, example) REFERENCES expected (cell, example),
    FOREIGN KEY (shard, epoch) REFERENCES leases (shard, epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO scores VALUES(1,0,1,1,1,X'fc7b623802c754c00c0000000064323a00a7aced0df78b56c00d0000000028163a00',X'2db32675954e9fc34de9635b921b2f2e02296f0ad81e0a4bb67a3d96e989e0a7',77,0.0,0.0,0,0,1);
INSERT INTO scores VALUES(1,1,1,1,1,X'6cd2f698bdb95bc01000000000814a3b005a10c922148560c01300000000814a3b00',X'545b9cc7625396b65a70cf6932e56fc3019d666b0b12653df6da55fafa3dadd9',83,0.0,0.0,0,0,0);
INSERT INTO scores VALUES(1,2,1,1,1,X'a8bc6f8c8ca367c01b0000000043f83a000c9186a9a50b6bc01f0000004091e53b00',X'09e371d2c2bcbe5200dcce4c87b10ee47ef1823eae9dfb1185242735c22562b5',106,0.0,0.0,0,0,1);
INSERT INTO scores VALUES(1,3,1,1,1,X'fa5bfae0a48458c00e00000000a05c390023d6a09ddc7a58c00e00000010a6cb3c00',X'694a747088d251e02fa2e6bf5699209157f6fd3806de6d07fbbb14f32d344d68',76,0.0,0.0,1,0,1);
INSERT INTO scores VALUES(2,0,2,1,1,X'5c8955c107d654c00c00000000f2293a00bc7b62395f8c56c00d00000040af213c00',X'4c04cd136a98a070dfb06c487e8ccc1b00b0a937b515220b75641c184372d927',77,0.12337662337662337608,0.17943219571126550748,0,0,1);
INSERT INTO scores VALUES(2,1,2,1,1,X'ef23d71f47b85bc010000000002b503b00e5e6e743578460c013000000002b503b00',X'6f366c5715bf80a539fd9fbeca378d5836810a5ab839b58fc3a6faaf6ddf6a52',83,0.11445783132530119863,0.16646119361165592764,0,0,0);
INSERT INTO scores VALUES(2,2,2,1,1,X'd1fd9e46c7a167c01b00000000d5f73a00f5cac3e3e0096bc01f00000080e7863b00',X'53bf246ea5770af4606d86642678d61054e25b3dad5acfcbc56377e420731fbb',106,0.089622641509433956241,0.13034225537516458404,0,0,1);
INSERT INTO scores VALUES(2,3,2,1,1,X'eeee8b1d088658c00e0000000028a2390023f8dd343b7c58c00e000000809e833b00',X'7c0d23c4a249fdd8bc8af957683f5aa9188ee92399ac54064e0ac20b549a8342',76,0.125,0.18179314565483478682,1,0,1);
INSERT INTO scores VALUES(3,0,3,1,1,X'fc7b623802c754c00c0000000064323a00a7aced0df78b56c00d0000000028163a00',X'2db32675954e9fc34de9635b921b2f2e02296f0ad81e0a4bb67a3d96e989e0a7',77,0.0,0.0,0,0,1);
INSERT INTO scores VALUES(3,1,3,1,1,X'6cd2f698bdb95bc01000000000814a3b005a10c922148560c01300000000814a3b00',X'545b9cc7625396b65a70cf6932e56fc3019d666b0b12653df6da55fafa3dadd9',83,0.0,0.0,0,0,0);
INSERT INTO scores VALUES(3,2,3,1,1,X'a8bc6f8c8ca367c01b0000000043f83a000c9186a9a50b6bc01f0000004091e53b00',X'09e371d2c2bcbe5200dcce4c87b10ee47ef1823eae9dfb1185242735c22562b5',106,0.0,0.0,0,0,1);
INSERT INTO scores VALUES(3,3,3,1,1,X'fa5bfae0a48458c00e00000000a05c390023d6a09ddc7a58c00e00000010a6cb3c00',X'694a747088d251e02fa2e6bf5699209157f6fd3806de6d07fbbb14f32d344d68',76,0.0,0.0,1,0,1);
INSERT INTO scores VALUES(4,0,4,1,1,X'5c8955c107d654c00c00000000f2293a00bc7b62395f8c56c00d00000040af213c00',X'4c04cd136a98a070dfb06c487e8ccc1b00b0a937b515220b75641c184372d927',77,0.12337662337662337608,0.17943219571126550748,0,0,1);
INSERT INTO scores VALUES(4,1,4,1,1,X'ef23d71f47b85bc010000000002b503b00e5e6e743578460c013000000002b503b00',X'6f366c5715bf80a539fd9fbeca378d5836810a5ab839b58fc3a6faaf6ddf6a52',83,0.11445783132530119863,0.16646119361165592764,0,0,0);
INSERT INTO scores VALUES(4,2,4,1,1,X'd1fd9e46c7a167c01b00000000d5f73a00f5cac3e3e0096bc01f00000080e7863b00',X'53bf246ea5770af4606d86642678d61054e25b3dad5acfcbc56377e420731fbb',106,0.089622641509433956241,0.13034225537516458404,0,0,1);
INSERT INTO scores VALUES(4,3,4,1,1,X'eeee8b1d088658c00e0000000028a2390023f8dd343b7c58c00e000000809e833b00',X'7c0d23c4a249fdd8bc8af957683f5aa9188ee92399ac54064e0ac20b549a8342',76,0.125,0.18179314565483478682,1,0,1);
INSERT INTO scores VALUES(5,0,5,1,1,X'fc7b623802c754c00c0000000064323a00a7aced0df78b56c00d0000000028163a00',X'2db32675954e9fc34de9635b921b2f2e02296f0ad81e0a4bb67a3d96e989e0a7',77,0.0,0.0,0,0,1);
INSERT INTO scores VALUES(5,1,5,1,1,X'6cd2f698bdb95bc01000000000814a3b005a10c922148560c01300000000814a3b00',X'545b9cc7625396b65a70cf6932e56fc3019d666b0b12653df6da55fafa3dadd9',83,0.0,0.0,0,0,0);
INSERT INTO scores VALUES(5,3,5,1,1,X'fa5bfae0a48458c00e00000000a05c390023d6a09ddc7a58c00e00000010a6cb3c00',X'694a747088d251e02fa2e6bf5699209157f6fd3806de6d07fbbb14f32d344d68',76,0.0,0.0,1,0,1);
INSERT INTO scores VALUES(6,0,6,1,1,X'5c8955c107d654c00c00000000f2293a00bc7b62395f8c56c00d00000040af213c00',X'4c04cd136a98a070dfb06c487e8ccc1b00b0a937b515220b75641c184372d927',77,0.12337662337662337608,0.17943219571126550748,0,0,1);
INSERT INTO scores VALUES(6,1,6,1,1,X'ef23d71f47b85bc010000000002b503b00e5e6e743578460c013000000002b503b00',X'6f366c5715bf80a539fd9fbeca378d5836810a5ab839b58fc3a6faaf6ddf6a52',83,0.11445783132530119863,0.16646119361165592764,0,0,0);
CREATE TABLE disagreements (
    id INTEGER PRIMARY KEY,
    cell INTEGER NOT NULL,
    example INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    engine INTEGER NOT NULL REFERENCES engines (id),
    choices BLOB NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    tokens INTEGER NOT NULL,
    flops_reduction REAL,
    flops_reduction_with_head REAL,
    at REAL NOT NULL,
    UNIQUE (cell, example, shard, epoch, digest),
    FOREIGN KEY (cell, example) REFERENCES scores (cell, example),
    FOREIGN KEY (shard, epoch) REFERENCES leases (shard, epoch)
) STRICT;
INSERT INTO disagreements VALUES(1,6,1,6,1,1,X'ef23d71f47b85bc010000000002b503b00e5e6e743578460c013000000002b503b00',X'0000000000000000000000000000000000000000000000000000000000000000',83,0.11445783132530119863,0.16646119361165592764,1.0);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    run INTEGER REFERENCES runs (id),
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
INSERT INTO events VALUES(1,1795292674.6936359405,1,'run','accepted: 2 cells');
INSERT INTO events VALUES(2,1795292674.7840390205,1,'run','complete');
INSERT INTO events VALUES(3,1795292674.9375510216,2,'run','accepted: 2 cells');
INSERT INTO events VALUES(4,1795292674.9902267456,2,'run','complete');
INSERT INTO events VALUES(5,1795292675.0886008739,3,'run','accepted: 2 cells');
INSERT INTO events VALUES(6,1795292675.1556324958,3,'run','complete');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('incarnations',3);
CREATE INDEX shards_of_cell ON shards (cell);
CREATE INDEX expected_of_shard ON expected (shard, example);
CREATE UNIQUE INDEX one_open_lease ON leases (shard) WHERE ended IS NULL;
CREATE INDEX scores_by_outcome ON scores (cell, correct);
CREATE VIEW missing AS
    SELECT expected.cell, expected.example, expected.shard FROM expected
    WHERE NOT EXISTS (
        SELECT 1 FROM scores WHERE scores.cell = expected.cell AND scores.example = expected.example);
CREATE VIEW coverage AS
    SELECT
        cells.run, cells.id AS cell, cells.ordinal,
        (SELECT count(*) FROM expected WHERE expected.cell = cells.id) AS expected,
        (SELECT count(*) FROM scores WHERE scores.cell = cells.id) AS stored
    FROM cells;
CREATE TRIGGER scores_never_change BEFORE UPDATE ON scores
BEGIN SELECT RAISE(ABORT, 'a stored score never changes'); END;
CREATE TRIGGER engines_never_mix BEFORE INSERT ON scores
WHEN (SELECT identity FROM engines WHERE id = NEW.engine) IS NOT (
    SELECT models.engine FROM cells JOIN models ON models.id = cells.model WHERE cells.id = NEW.cell)
BEGIN SELECT RAISE(ABORT, 'a score of another engine than its model is bound to'); END;
CREATE TRIGGER binding_stays BEFORE UPDATE OF engine ON models
WHEN OLD.engine IS NOT NULL AND NEW.engine IS NOT OLD.engine
BEGIN SELECT RAISE(ABORT, 'a model that is bound to an engine stays so'); END;
CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER epochs_rise BEFORE UPDATE OF epoch ON shards WHEN NEW.epoch <= OLD.epoch
BEGIN SELECT RAISE(ABORT, 'the epoch of a job only rises'); END;
CREATE TRIGGER done_stays BEFORE UPDATE OF state ON shards WHEN OLD.state = 'done' AND NEW.state <> 'done'
BEGIN SELECT RAISE(ABORT, 'a job that is done stays done'); END;
CREATE TRIGGER done_means_stored BEFORE UPDATE OF state ON shards
WHEN NEW.state = 'done' AND EXISTS (SELECT 1 FROM missing WHERE missing.shard = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a job with missing rows is not done'); END;
CREATE TRIGGER complete_means_stored BEFORE UPDATE OF state ON runs
WHEN NEW.state = 'complete'
    AND EXISTS (SELECT 1 FROM missing JOIN cells ON cells.id = missing.cell WHERE cells.run = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a run with missing rows is not complete'); END;
COMMIT;
