<?php
namespace FarmToken;

use ApiQuerySiteinfo;

/** What the extension adds to the API's answers. */
class Hooks {
	/**
	 * @param array &$salts The salt of each type of token
	 */
	public static function registerTypes( array &$salts ) {
		$salts['farm'] = 'farm';
	}

	/**
	 * @param ApiQuerySiteinfo $module The module that answers
	 * @param array &$results What it says of the wiki
	 */
	public static function tellRelease( ApiQuerySiteinfo $module, array &$results ) {
		$release = $module->getConfig()->get( 'FarmTokenRelease' );
		if ( $release !== null ) {
			$results['generator'] = "MediaWiki $release";
		}
	}
}
