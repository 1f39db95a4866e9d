<?php
/*
 * The settings of one wiki of the tests; they come from wiki.json in its directory, and
 * what the tests switch while it runs, from control.json, read for every request.
 */
$directory = getenv( 'MW_TESTS_DIRECTORY' );
$wiki = json_decode( file_get_contents( "$directory/wiki.json" ), true );
$control = json_decode( file_get_contents( "$directory/control.json" ), true );

$wgSitename = $wiki['name'];
$wgScriptPath = '/w';
$wgServer = 'http://' . ( $_SERVER['HTTP_HOST'] ?? '127.0.0.1' );
$wgSecretKey = $wiki['secret'];
$wgUpgradeKey = false;

$wgDBtype = 'sqlite';
$wgDBname = $wiki['name'];
$wgSQLiteDataDir = "$directory/data";
$wgObjectCaches[CACHE_DB] = [
	'class' => SqlBagOStuff::class,
	'loggroup' => 'SQLBagOStuff',
	'server' => [
		'type' => 'sqlite',
		'dbname' => 'wikicache',
		'tablePrefix' => '',
		'variables' => [ 'synchronous' => 'OFF' ],
		'dbDirectory' => $wgSQLiteDataDir,
		'trxMode' => 'IMMEDIATE',
		'flags' => 0,
	],
];
// One place for all that is kept between requests, so that the tests can end sessions
// in it, and so that maintenance scripts see it too.
$wgMainCacheType = CACHE_DB;
$wgSessionCacheType = CACHE_DB;
$wgCacheDirectory = "$directory/cache";
$wgLocalisationCacheConf['store'] = 'array';
$wgJobRunRate = 0;
$wgPingback = false;
$wgEnableEmail = false;
$wgDefaultSkin = 'fallback';

$wgEnableUploads = true;
$wgUploadDirectory = "$directory/images";
$wgForeignFileRepos[] = [
	'class' => FileRepo::class,
	'name' => 'shared',
	'directory' => "$directory/shared",
	'url' => "$wgServer/shared",
	'hashLevels' => 0,
];

$wgEnableBotPasswords = true;
$wgPasswordAttemptThrottle = [];
$wgAccountCreationThrottle = [];
$wgGroupPermissions['*']['createaccount'] = true;

foreach ( $wiki['extensions'] as $extension ) {
	wfLoadExtension( $extension );
}

wfLoadExtension( 'FarmLink', __DIR__ . '/extension/FarmLink/extension.json' );
$wgFarmLinkPage = $control['provider'] ?? 'http://127.0.0.1/idp';
$wgReauthenticateTime['default'] = $control['reauthenticate'];
$wgAllowSecuritySensitiveOperationIfCannotReauthenticate['default'] =
	!$control['needs_login'];

if ( $control['farmtoken'] ) {
	wfLoadExtension( 'FarmToken', __DIR__ . '/extension/FarmToken/extension.json' );
}
$wgFarmTokenType = $control['token_type'];
$wgFarmTokenRelease = $control['release'];

wfLoadExtension( 'FarmPages', __DIR__ . '/extension/FarmPages/extension.json' );
$wgFarmPagesInterference = $control['interference'];
$wgFarmPagesReason = $control['reason'];
$wgDeleteRevisionsBatchSize = $control['batch'];

// What is against some edits, for administrators, too.
switch ( $control['against'] ) {
	case 'links':
		wfLoadExtension( 'SpamBlacklist' );
		break;
	case 'titles':
		wfLoadExtension( 'TitleBlacklist' );
		$wgGroupPermissions['sysop']['tboverride'] = false;
		break;
	case 'captcha':
		wfLoadExtension( 'ConfirmEdit' );
		$wgCaptchaTriggers['edit'] = true;
		$wgGroupPermissions['sysop']['skipcaptcha'] = false;
		break;
}

// Wikimedia's administrators have it, and MediaWiki's do not.
$wgGroupPermissions['sysop']['deleterevision'] = $control['hiding'];

$wgReadOnly = $control['readonly'];
$wgRateLimits = $control['limits'];
if ( $control['limits'] ) {
	$wgRevokePermissions['user']['noratelimit'] = true;
}
if ( $control['lag'] > 0 ) {
	$wgHooks['ApiMaxLagInfo'][] = static function ( array &$lag ) use ( $control ) {
		$lag = [ 'host' => 'localhost', 'lag' => $control['lag'], 'type' => 'db' ];
	};
}
