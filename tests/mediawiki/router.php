<?php
/*
 * What PHP's own server runs for every request: it hands those for the API to MediaWiki
 * and writes each into the journal, before its answer leaves.
 */
if ( parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH ) !== '/w/api.php' ) {
	http_response_code( 404 );
	return;
}

// Not header_register_callback(), which takes one function, and MediaWiki has its own.
ob_start( static function ( string $output, int $phase ) {
	if ( !( $phase & PHP_OUTPUT_HANDLER_START ) ) {
		return $output;
	}
	$params = [];
	foreach ( $_GET + $_POST as $name => $value ) {
		$params[$name] = preg_match( '/token$|password$|retype$/', $name )
			? '(secret)'
			: $value;
	}
	$result = 'ok';
	foreach ( headers_list() as $header ) {
		if ( stripos( $header, 'MediaWiki-API-Error:' ) === 0 ) {
			$result = trim( substr( $header, strlen( 'MediaWiki-API-Error:' ) ) );
		}
	}
	$entry = [
		'method' => $_SERVER['REQUEST_METHOD'],
		'action' => $params['action'] ?? '',
		'params' => (object)$params,
		'result' => $result,
	];
	file_put_contents(
		getenv( 'MW_TESTS_DIRECTORY' ) . '/journal',
		json_encode( $entry, JSON_INVALID_UTF8_SUBSTITUTE ) . "\n",
		FILE_APPEND | LOCK_EX
	);
	$control = json_decode(
		file_get_contents( getenv( 'MW_TESTS_DIRECTORY' ) . '/control.json' ), true );
	if ( $control['lost'] === $entry['action'] ) {
		http_response_code( 502 );
		return 'Bad gateway';
	}
	return $output;
} );

chdir( getenv( 'MW_INSTALL_PATH' ) );
require getenv( 'MW_INSTALL_PATH' ) . '/api.php';
