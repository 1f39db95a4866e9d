-- A ledger with tables of version 2, as made by commit 5d4fe9d of this repository, in
-- the same way as version1.sql; campaign-key is the key with which it is sealed.
BEGIN TRANSACTION;
CREATE TABLE attempt (
	id INTEGER NOT NULL, 
	target_id INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(target_id) REFERENCES target (id)
);
INSERT INTO "attempt" VALUES(1,17,'2026-11-27 16:00:31.520461','2026-11-27 16:00:31.501127','ReadOnly: readonly on sandbox:meta: The wiki is currently in read-only mode.');
CREATE TABLE budget (
	account VARCHAR(255) NOT NULL, 
	next_at DOUBLE NOT NULL, 
	PRIMARY KEY (account)
);
CREATE TABLE campaign (
	id INTEGER NOT NULL, 
	name VARCHAR(190) NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	wiki VARCHAR(190) NOT NULL, 
	api VARCHAR(500), 
	wikiid VARCHAR(190), 
	operator VARCHAR(255) NOT NULL, 
	reason TEXT NOT NULL, 
	options JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	listed_at DATETIME, 
	planned_at DATETIME, 
	confirmed_at DATETIME, 
	finished_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "campaign" VALUES(1,'earlier','global_lock','sandbox:meta','http://127.0.0.1:36093/w/api.php','metawiki','Sandbox Operator','Cross-wiki spam','{"locked": true, "hidden": null, "max_edits": 50, "ignored_groups": [], "excluded": [], "untrusted": false}','2026-11-27 16:00:15.318649','2026-11-27 16:00:15.356322','2026-11-27 16:00:15.555995','2026-11-27 16:00:15.585502','2026-11-27 16:00:15.762260');
INSERT INTO "campaign" VALUES(2,'undo-earlier','undo_global_lock','sandbox:meta','http://127.0.0.1:36093/w/api.php','metawiki','Sandbox Operator','Locked by mistake','{"undone": "earlier", "untrusted": false, "record": "d851466dff1e545fa213163b853038eec8db1f43e73ebeaca3a36bcd1fa6dfe7"}','2026-11-27 16:00:18.664862','2026-11-27 16:00:18.679994','2026-11-27 16:00:18.730322','2026-11-27 16:00:18.735714',NULL);
INSERT INTO "campaign" VALUES(3,'spam','global_lock','sandbox:meta','http://127.0.0.1:36093/w/api.php','metawiki','Sandbox Operator','Spam-only account','{"locked": true, "hidden": null, "max_edits": 50, "ignored_groups": [], "excluded": [], "untrusted": false}','2026-11-27 16:00:23.167973','2026-11-27 16:00:23.202472','2026-11-27 16:00:23.264508','2026-11-27 16:00:28.774198',NULL);
CREATE TABLE lane (
	campaign_id INTEGER NOT NULL, 
	name VARCHAR(190) NOT NULL, 
	owner VARCHAR(48), 
	error TEXT, 
	PRIMARY KEY (campaign_id, name), 
	FOREIGN KEY(campaign_id) REFERENCES campaign (id)
);
CREATE TABLE ledger_version (
	number INTEGER NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "ledger_version" VALUES(2);
CREATE TABLE "plan" (
	campaign_id INTEGER NOT NULL, 
	id VARCHAR(32) NOT NULL, 
	key_id VARCHAR(16) NOT NULL, 
	made_at DATETIME NOT NULL, 
	confirmed BOOLEAN NOT NULL, 
	seal VARCHAR(64) NOT NULL, 
	PRIMARY KEY (campaign_id, id), 
	FOREIGN KEY(campaign_id) REFERENCES campaign (id)
);
INSERT INTO "plan" VALUES(1,'c1eea17fa8c9','e899308d6b77','2026-11-27 16:00:15.333660',1,'2ea9f08e92f86ac4224379da269348486fed220e06c0cc34d0e8f03e4dfe40c8');
INSERT INTO "plan" VALUES(1,'36b3acfde6d9','e899308d6b77','2026-11-27 16:00:15.505961',1,'f5ddff3e3f09eeb772ce65686c5f15d92cb0471f77ddaf1e8cb962da018a6e58');
INSERT INTO "plan" VALUES(2,'c898dac28891','e899308d6b77','2026-11-27 16:00:18.678155',1,'ecbda685caffc137614063d59b23853a6655fc4ebdf25212d38890bf7424418e');
INSERT INTO "plan" VALUES(2,'f67aef5cdb34','e899308d6b77','2026-11-27 16:00:18.708486',1,'bac0afca98110f2e701420b3587f33b47d0081f352e39d19f4e0126b9373053a');
INSERT INTO "plan" VALUES(3,'8436d04ffb64','e899308d6b77','2026-11-27 16:00:23.172860',1,'f60d2c223b865f2022e6e580f71a16a2f4280ad633c0d95e160642faa769f88a');
INSERT INTO "plan" VALUES(3,'428f6a327856','e899308d6b77','2026-11-27 16:00:23.233469',1,'cc34f8817a8aaa0b28dd74c5018f9314aebd6183c8512960a3aa0add3e3eb449');
CREATE TABLE run (
	id VARCHAR(32) NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	account VARCHAR(190) NOT NULL, 
	workers INTEGER NOT NULL, 
	beats INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(campaign_id) REFERENCES campaign (id)
);
INSERT INTO "run" VALUES('09d5ab64250f42688693b194394b99bd',2,'Sandbox Operator@sandbox:meta',1,1);
INSERT INTO "run" VALUES('163d27b675dc4a848184b2cac98ac41e',3,'Sandbox Operator@sandbox:meta',1,6);
CREATE TABLE target (
	id INTEGER NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	name BLOB NOT NULL, 
	central_id INTEGER, 
	hidden BOOLEAN NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	held VARCHAR(20), 
	facts JSON, 
	lane VARCHAR(190), 
	owner VARCHAR(48), 
	account VARCHAR(190), 
	attempts INTEGER NOT NULL, 
	changed BOOLEAN, 
	detail TEXT, 
	started_at DATETIME, 
	ended_at DATETIME, 
	seals TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(campaign_id) REFERENCES campaign (id)
);
INSERT INTO "target" VALUES(1,1,X'5370616D626F74203030303631',79,0,'done',NULL,'{"name": "Spambot 00061", "central_id": 79, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-15T18:26:37+00:00", "looked_at": "2026-11-27T16:00:15Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:15.553071','2026-11-27 16:00:15.500338','e899308d6b77:c1eea17fa8c9:3abf1d1dbfd692938e71b104083bf202');
INSERT INTO "target" VALUES(2,1,X'5370616D626F74203030303632',80,0,'done',NULL,'{"name": "Spambot 00062", "central_id": 80, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-14T15:41:11+00:00", "looked_at": "2026-11-27T16:00:15Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:15.553071','2026-11-27 16:00:15.500299','e899308d6b77:c1eea17fa8c9:1737605c0b5d9003573b823e1efe79b8');
INSERT INTO "target" VALUES(3,1,X'5370616D626F74203030303633',81,0,'done',NULL,'{"name": "Spambot 00063", "central_id": 81, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-26T14:56:16+00:00", "looked_at": "2026-11-27T16:00:15Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:15.553071','2026-11-27 16:00:15.500306','e899308d6b77:c1eea17fa8c9:661075fac0492244b31de4feed512ccd');
INSERT INTO "target" VALUES(4,1,X'5370616D626F74203030303634',82,0,'done',NULL,'{"name": "Spambot 00064", "central_id": 82, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-04T21:46:19+00:00", "looked_at": "2026-11-27T16:00:15Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:15.553071','2026-11-27 16:00:15.500268','e899308d6b77:c1eea17fa8c9:4bf3efc75585dc44acbffa751487f3b7');
INSERT INTO "target" VALUES(5,1,X'5370616D626F74203030303635',83,0,'done',NULL,'{"name": "Spambot 00065", "central_id": 83, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-02T22:39:39+00:00", "looked_at": "2026-11-27T16:00:15Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:15.553071','2026-11-27 16:00:15.500247','e899308d6b77:c1eea17fa8c9:3371ba8958d4dd6dd38d80670e411863');
INSERT INTO "target" VALUES(6,1,X'5370616D626F74203030303636',84,0,'done',NULL,'{"name": "Spambot 00066", "central_id": 84, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-11-12T03:25:41+00:00", "looked_at": "2026-11-27T16:00:15Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:15.553071','2026-11-27 16:00:15.500256','e899308d6b77:c1eea17fa8c9:204faca13577c176e70b5cf2e32a9d03');
INSERT INTO "target" VALUES(7,2,X'5370616D626F74203030303631',79,0,'done',NULL,'{"name": "Spambot 00061", "central_id": 79, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-15T18:26:37+00:00", "looked_at": "2026-11-27T16:00:18Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:18.512262','2026-11-27 16:00:19.500312','e899308d6b77:c898dac28891:12654c25967c3f05b6e9a74350b338ef');
INSERT INTO "target" VALUES(8,2,X'5370616D626F74203030303632',80,0,'done',NULL,'{"name": "Spambot 00062", "central_id": 80, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-14T15:41:11+00:00", "looked_at": "2026-11-27T16:00:18Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:18.512262','2026-11-27 16:00:19.500324','e899308d6b77:c898dac28891:0dcb7828762fe53296b6bbe7197ed563');
INSERT INTO "target" VALUES(9,2,X'5370616D626F74203030303633',81,0,'done',NULL,'{"name": "Spambot 00063", "central_id": 81, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-26T14:56:16+00:00", "looked_at": "2026-11-27T16:00:18Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:18.512262','2026-11-27 16:00:20.500328','e899308d6b77:c898dac28891:3b232979118836e17bb6339b725558b1');
INSERT INTO "target" VALUES(10,2,X'5370616D626F74203030303634',82,0,'leased',NULL,'{"name": "Spambot 00064", "central_id": 82, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-04T21:46:19+00:00", "looked_at": "2026-11-27T16:00:18Z"}',NULL,'09d5ab64250f42688693b194394b99bd/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:18.512262',NULL,'e899308d6b77:f67aef5cdb34:46b5b18c7b5de406dd1f7e32b2d6cad3');
INSERT INTO "target" VALUES(11,2,X'5370616D626F74203030303635',83,0,'leased',NULL,'{"name": "Spambot 00065", "central_id": 83, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-02T22:39:39+00:00", "looked_at": "2026-11-27T16:00:18Z"}',NULL,'09d5ab64250f42688693b194394b99bd/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:18.512262',NULL,'e899308d6b77:f67aef5cdb34:d6a4159e3e8650639de85d215bec6009');
INSERT INTO "target" VALUES(12,2,X'5370616D626F74203030303636',84,0,'leased',NULL,'{"name": "Spambot 00066", "central_id": 84, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-11-12T03:25:41+00:00", "looked_at": "2026-11-27T16:00:18Z"}',NULL,'09d5ab64250f42688693b194394b99bd/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:18.512262',NULL,'e899308d6b77:f67aef5cdb34:2f4e5465ae0e8e32f95cce36a7507e42');
INSERT INTO "target" VALUES(13,3,X'5370616D626F74203030303031',19,0,'done',NULL,'{"name": "Spambot 00001", "central_id": 19, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-21T22:37:06+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:28.667609','2026-11-27 16:00:29.500423','e899308d6b77:428f6a327856:2fac75a348b1113cf2d3edb8224a2f29');
INSERT INTO "target" VALUES(14,3,X'5370616D626F74203030303032',20,0,'done',NULL,'{"name": "Spambot 00002", "central_id": 20, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-03T23:36:33+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:28.667609','2026-11-27 16:00:29.500371','e899308d6b77:428f6a327856:8831ce6c780cc2c6fadbf0bdd19172a0');
INSERT INTO "target" VALUES(15,3,X'5370616D626F74203030303033',21,0,'failed',NULL,'{"name": "Spambot 00003", "central_id": 21, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-27T13:32:59+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,0,'NoSuchAccount: nosuchuser on sandbox:meta: There is no user by the name "Spambot 00003". Check your spelling.','2026-11-27 16:00:28.667609','2026-11-27 16:00:30.502972','e899308d6b77:428f6a327856:5543d21d38478e1bd272b8e15bfc3284');
INSERT INTO "target" VALUES(16,3,X'5370616D626F74203030303034',22,0,'done',NULL,'{"name": "Spambot 00004", "central_id": 22, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-26T13:59:47+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:28.667609','2026-11-27 16:00:31.500402','e899308d6b77:428f6a327856:e5cd4b94e26571b7132ab75ad6bda168');
INSERT INTO "target" VALUES(17,3,X'5370616D626F74203030303035',23,0,'done',NULL,'{"name": "Spambot 00005", "central_id": 23, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-17T03:38:49+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',2,1,NULL,'2026-11-27 16:00:28.667609','2026-11-27 16:00:33.500379','e899308d6b77:428f6a327856:d76003b9ab627e4540d21b4d98e1280c');
INSERT INTO "target" VALUES(18,3,X'5370616D626F74203030303036',24,0,'done',NULL,'{"name": "Spambot 00006", "central_id": 24, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-10-31T19:52:31+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:28.667609','2026-11-27 16:00:33.500371','e899308d6b77:428f6a327856:9a54111e5edab283d00635726bf91ff4');
INSERT INTO "target" VALUES(19,3,X'5370616D626F74203030303037',25,0,'done',NULL,'{"name": "Spambot 00007", "central_id": 25, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-13T14:23:00+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:28.667609','2026-11-27 16:00:34.500549','e899308d6b77:428f6a327856:18b22c8dd6a548a103142865ceab8ba8');
INSERT INTO "target" VALUES(20,3,X'5370616D626F74203030303038',26,0,'done',NULL,'{"name": "Spambot 00008", "central_id": 26, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-11-18T15:24:25+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 16:00:28.667609','2026-11-27 16:00:34.500365','e899308d6b77:428f6a327856:baab8ad2484e7d8751ff47f74bcbd436');
INSERT INTO "target" VALUES(21,3,X'5370616D626F74203030303039',27,0,'leased',NULL,'{"name": "Spambot 00009", "central_id": 27, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-03T00:28:12+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,'163d27b675dc4a848184b2cac98ac41e/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:28.667609',NULL,'e899308d6b77:428f6a327856:ccdb1decc57a2c118b32c75e16321365');
INSERT INTO "target" VALUES(22,3,X'5370616D626F74203030303130',28,0,'leased',NULL,'{"name": "Spambot 00010", "central_id": 28, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-10-30T01:45:58+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,'163d27b675dc4a848184b2cac98ac41e/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:28.667609',NULL,'e899308d6b77:428f6a327856:37abe6f1057885679776425325271d44');
INSERT INTO "target" VALUES(23,3,X'5370616D626F74203030303131',29,0,'leased',NULL,'{"name": "Spambot 00011", "central_id": 29, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-08T00:58:25+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,'163d27b675dc4a848184b2cac98ac41e/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:28.667609',NULL,'e899308d6b77:428f6a327856:a59f3afc6c00e18b19eb0618b8c78a4d');
INSERT INTO "target" VALUES(24,3,X'5370616D626F74203030303132',30,0,'leased',NULL,'{"name": "Spambot 00012", "central_id": 30, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-02T23:38:37+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,'163d27b675dc4a848184b2cac98ac41e/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:28.667609',NULL,'e899308d6b77:428f6a327856:b5406584b875eb58904ee7156569fd9c');
INSERT INTO "target" VALUES(25,3,X'5370616D626F74203030303133',31,0,'leased',NULL,'{"name": "Spambot 00013", "central_id": 31, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-03T21:28:09+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,'163d27b675dc4a848184b2cac98ac41e/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 16:00:28.667609',NULL,'e899308d6b77:428f6a327856:944a7a7e99af60575805086e46cf8207');
INSERT INTO "target" VALUES(69,3,X'5370616D626F74203030303537',75,0,'planned',NULL,'{"name": "Spambot 00057", "central_id": 75, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-14T00:51:48+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'e899308d6b77:428f6a327856:b0c0d742531da0ec89ca2fb4f64c3cd5');
INSERT INTO "target" VALUES(70,3,X'5370616D626F74203030303538',76,0,'planned',NULL,'{"name": "Spambot 00058", "central_id": 76, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-10-30T18:49:48+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'e899308d6b77:428f6a327856:a255fbee86b3396f1856406f004c5af3');
INSERT INTO "target" VALUES(71,3,X'5370616D626F74203030303539',77,0,'planned',NULL,'{"name": "Spambot 00059", "central_id": 77, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-11T18:44:23+00:00", "looked_at": "2026-11-27T16:00:23Z"}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'e899308d6b77:428f6a327856:72db3a7c15cd5f68f06d823f02971049');
INSERT INTO "target" VALUES(72,3,X'4E6F626F64792053756368',NULL,0,'held','MISSING','{}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'e899308d6b77:428f6a327856:0df2dbe9de06ca93845502338e18d3b4');
CREATE UNIQUE INDEX target_by_name ON target (campaign_id, name);
CREATE INDEX target_by_state ON target (campaign_id, state, id);
CREATE INDEX target_by_lane ON target (campaign_id, lane, state, id);
CREATE INDEX ix_attempt_target_id ON attempt (target_id);
COMMIT;
