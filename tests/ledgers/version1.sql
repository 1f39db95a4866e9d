-- A ledger with tables of version 1, as made by commit 36257a8 of this repository: its
-- global_lock on its own sandbox, killed in the middle of "spam" and of "undo-earlier".
-- "Spambot 00003" had vanished from the farm, which was read-only once for 00005; most
-- targets that were leased or planned were then deleted to keep this file small.
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
INSERT INTO "attempt" VALUES(1,17,'2026-11-27 15:59:46.628408','2026-11-27 15:59:47.153765','ReadOnly: readonly on sandbox:meta: The wiki is currently in read-only mode.');
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
INSERT INTO "campaign" VALUES(1,'earlier','global_lock','sandbox:meta','Sandbox Operator','Cross-wiki spam','{"locked": true, "hidden": null, "max_edits": 50, "excluded": [], "untrusted": false}','2026-11-27 15:59:18.157354','2026-11-27 15:59:18.173079','2026-11-27 15:59:18.359187','2026-11-27 15:59:18.405880','2026-11-27 15:59:18.545282');
INSERT INTO "campaign" VALUES(2,'undo-earlier','undo_global_lock','sandbox:meta','Sandbox Operator','Locked by mistake','{"undone": "earlier"}','2026-11-27 15:59:24.828882','2026-11-27 15:59:24.835749','2026-11-27 15:59:24.906364','2026-11-27 15:59:24.918481',NULL);
INSERT INTO "campaign" VALUES(3,'spam','global_lock','sandbox:meta','Sandbox Operator','Spam-only account','{"locked": true, "hidden": null, "max_edits": 50, "excluded": [], "untrusted": false}','2026-11-27 15:59:34.947493','2026-11-27 15:59:34.993491','2026-11-27 15:59:35.098760','2026-11-27 15:59:44.531890',NULL);
CREATE TABLE lane (
	campaign_id INTEGER NOT NULL, 
	name VARCHAR(190) NOT NULL, 
	owner VARCHAR(48), 
	error TEXT, 
	PRIMARY KEY (campaign_id, name), 
	FOREIGN KEY(campaign_id) REFERENCES campaign (id)
);
CREATE TABLE run (
	id VARCHAR(32) NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	account VARCHAR(190) NOT NULL, 
	workers INTEGER NOT NULL, 
	beats INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(campaign_id) REFERENCES campaign (id)
);
INSERT INTO "run" VALUES('ee27d866328f4c4da64bf31808a539ae',2,'Sandbox Operator@sandbox:meta',1,1);
INSERT INTO "run" VALUES('8ef1c2eff3814d259e6dc5f6b2c2b3e7',3,'Sandbox Operator@sandbox:meta',1,6);
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
	PRIMARY KEY (id), 
	FOREIGN KEY(campaign_id) REFERENCES campaign (id)
);
INSERT INTO "target" VALUES(1,1,X'5370616D626F74203030303631',79,0,'done',NULL,'{"name": "Spambot 00061", "central_id": 79, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-15T18:25:37+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:18.410655','2026-11-27 15:59:18.473086');
INSERT INTO "target" VALUES(2,1,X'5370616D626F74203030303632',80,0,'done',NULL,'{"name": "Spambot 00062", "central_id": 80, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-14T15:40:11+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:18.410655','2026-11-27 15:59:18.504790');
INSERT INTO "target" VALUES(3,1,X'5370616D626F74203030303633',81,0,'done',NULL,'{"name": "Spambot 00063", "central_id": 81, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-26T14:55:16+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:18.410655','2026-11-27 15:59:18.512617');
INSERT INTO "target" VALUES(4,1,X'5370616D626F74203030303634',82,0,'done',NULL,'{"name": "Spambot 00064", "central_id": 82, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-04T21:45:19+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:18.410655','2026-11-27 15:59:18.521780');
INSERT INTO "target" VALUES(5,1,X'5370616D626F74203030303635',83,0,'done',NULL,'{"name": "Spambot 00065", "central_id": 83, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-02T22:38:39+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:18.410655','2026-11-27 15:59:18.533663');
INSERT INTO "target" VALUES(6,1,X'5370616D626F74203030303636',84,0,'done',NULL,'{"name": "Spambot 00066", "central_id": 84, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-11-12T03:24:41+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:18.410655','2026-11-27 15:59:18.536621');
INSERT INTO "target" VALUES(7,2,X'5370616D626F74203030303631',79,0,'done',NULL,'{"name": "Spambot 00061", "central_id": 79, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-15T18:25:37+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:24.931273','2026-11-27 15:59:25.473334');
INSERT INTO "target" VALUES(8,2,X'5370616D626F74203030303632',80,0,'done',NULL,'{"name": "Spambot 00062", "central_id": 80, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-14T15:40:11+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:24.931273','2026-11-27 15:59:25.985783');
INSERT INTO "target" VALUES(9,2,X'5370616D626F74203030303633',81,0,'done',NULL,'{"name": "Spambot 00063", "central_id": 81, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-26T14:55:16+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:24.931273','2026-11-27 15:59:26.492866');
INSERT INTO "target" VALUES(10,2,X'5370616D626F74203030303634',82,0,'leased',NULL,'{"name": "Spambot 00064", "central_id": 82, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-04T21:45:19+00:00"}',NULL,'ee27d866328f4c4da64bf31808a539ae/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:24.931273',NULL);
INSERT INTO "target" VALUES(11,2,X'5370616D626F74203030303635',83,0,'leased',NULL,'{"name": "Spambot 00065", "central_id": 83, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-02T22:38:39+00:00"}',NULL,'ee27d866328f4c4da64bf31808a539ae/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:24.931273',NULL);
INSERT INTO "target" VALUES(12,2,X'5370616D626F74203030303636',84,0,'leased',NULL,'{"name": "Spambot 00066", "central_id": 84, "locked": true, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-11-12T03:24:41+00:00"}',NULL,'ee27d866328f4c4da64bf31808a539ae/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:24.931273',NULL);
INSERT INTO "target" VALUES(13,3,X'5370616D626F74203030303031',19,0,'done',NULL,'{"name": "Spambot 00001", "central_id": 19, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-21T22:36:06+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:44.550638','2026-11-27 15:59:45.097083');
INSERT INTO "target" VALUES(14,3,X'5370616D626F74203030303032',20,0,'done',NULL,'{"name": "Spambot 00002", "central_id": 20, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-03T23:35:33+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:44.550638','2026-11-27 15:59:45.603254');
INSERT INTO "target" VALUES(15,3,X'5370616D626F74203030303033',21,0,'failed',NULL,'{"name": "Spambot 00003", "central_id": 21, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-27T13:31:59+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,0,'NoSuchAccount: nosuchuser on sandbox:meta: There is no user by the name "Spambot 00003". Check your spelling.','2026-11-27 15:59:44.550638','2026-11-27 15:59:46.109055');
INSERT INTO "target" VALUES(16,3,X'5370616D626F74203030303034',22,0,'done',NULL,'{"name": "Spambot 00004", "central_id": 22, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-26T13:58:47+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:44.550638','2026-11-27 15:59:46.625228');
INSERT INTO "target" VALUES(17,3,X'5370616D626F74203030303035',23,0,'done',NULL,'{"name": "Spambot 00005", "central_id": 23, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-17T03:37:49+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',2,1,NULL,'2026-11-27 15:59:44.550638','2026-11-27 15:59:49.624836');
INSERT INTO "target" VALUES(18,3,X'5370616D626F74203030303036',24,0,'done',NULL,'{"name": "Spambot 00006", "central_id": 24, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-10-31T19:51:31+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:44.550638','2026-11-27 15:59:50.129338');
INSERT INTO "target" VALUES(19,3,X'5370616D626F74203030303037',25,0,'done',NULL,'{"name": "Spambot 00007", "central_id": 25, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-13T14:22:00+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:44.550638','2026-11-27 15:59:50.647728');
INSERT INTO "target" VALUES(20,3,X'5370616D626F74203030303038',26,0,'done',NULL,'{"name": "Spambot 00008", "central_id": 26, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-11-18T15:23:25+00:00"}',NULL,NULL,'Sandbox Operator@sandbox:meta',1,1,NULL,'2026-11-27 15:59:44.550638','2026-11-27 15:59:51.168349');
INSERT INTO "target" VALUES(21,3,X'5370616D626F74203030303039',27,0,'leased',NULL,'{"name": "Spambot 00009", "central_id": 27, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-03T00:27:12+00:00"}',NULL,'8ef1c2eff3814d259e6dc5f6b2c2b3e7/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:44.550638',NULL);
INSERT INTO "target" VALUES(22,3,X'5370616D626F74203030303130',28,0,'leased',NULL,'{"name": "Spambot 00010", "central_id": 28, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-10-30T01:44:58+00:00"}',NULL,'8ef1c2eff3814d259e6dc5f6b2c2b3e7/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:44.550638',NULL);
INSERT INTO "target" VALUES(23,3,X'5370616D626F74203030303131',29,0,'leased',NULL,'{"name": "Spambot 00011", "central_id": 29, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 3, "registration": "2026-11-08T00:57:25+00:00"}',NULL,'8ef1c2eff3814d259e6dc5f6b2c2b3e7/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:44.550638',NULL);
INSERT INTO "target" VALUES(24,3,X'5370616D626F74203030303132',30,0,'leased',NULL,'{"name": "Spambot 00012", "central_id": 30, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-02T23:37:37+00:00"}',NULL,'8ef1c2eff3814d259e6dc5f6b2c2b3e7/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:44.550638',NULL);
INSERT INTO "target" VALUES(25,3,X'5370616D626F74203030303133',31,0,'leased',NULL,'{"name": "Spambot 00013", "central_id": 31, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-03T21:27:09+00:00"}',NULL,'8ef1c2eff3814d259e6dc5f6b2c2b3e7/0','Sandbox Operator@sandbox:meta',1,NULL,NULL,'2026-11-27 15:59:44.550638',NULL);
INSERT INTO "target" VALUES(69,3,X'5370616D626F74203030303537',75,0,'planned',NULL,'{"name": "Spambot 00057", "central_id": 75, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 0, "registration": "2026-11-14T00:50:48+00:00"}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "target" VALUES(70,3,X'5370616D626F74203030303538',76,0,'planned',NULL,'{"name": "Spambot 00058", "central_id": 76, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 2, "registration": "2026-10-30T18:48:48+00:00"}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "target" VALUES(71,3,X'5370616D626F74203030303539',77,0,'planned',NULL,'{"name": "Spambot 00059", "central_id": 77, "locked": false, "hidden": "", "home": null, "groups": [], "local_groups": {}, "edits": 1, "registration": "2026-11-11T18:43:23+00:00"}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "target" VALUES(72,3,X'4E6F626F64792053756368',NULL,0,'held','MISSING','{}',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL);
CREATE INDEX target_by_lane ON target (campaign_id, lane, state, id);
CREATE INDEX target_by_state ON target (campaign_id, state, id);
CREATE UNIQUE INDEX target_by_name ON target (campaign_id, name);
CREATE INDEX ix_attempt_target_id ON attempt (target_id);
COMMIT;
