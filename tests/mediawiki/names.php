<?php
/**
 * Say what MediaWiki makes of names: JSON in, JSON out.
 *
 * MediaWiki 1.39 takes the upper case of a first letter. Later releases take PHP's
 * title case, and Wikimedia's wikis keep one letter: that is set here, unless the
 * wiki's own first letters are wanted.
 */

use MediaWiki\MediaWikiServices;
use Wikimedia\IPUtils;

require_once getenv( 'MW_INSTALL_PATH' ) . '/maintenance/Maintenance.php';

class Names extends Maintenance {
	public function finalSetup( $settings = null ) {
		parent::finalSetup( $settings );
		if ( getenv( 'MW_TESTS_FIRST_LETTERS' ) === 'own' ) {
			return;
		}
		global $wgOverrideUcfirstCharacters;
		for ( $point = 0x80; $point < 0x110000; $point++ ) {
			$letter = mb_chr( $point );
			if ( $letter !== false ) {
				$title = mb_convert_case( $letter, MB_CASE_TITLE );
				$wgOverrideUcfirstCharacters[$letter] = $title;
			}
		}
		$wgOverrideUcfirstCharacters["\u{df}"] = "\u{df}";
	}

	public function execute() {
		$services = MediaWikiServices::getInstance();
		$utils = $services->getUserNameUtils();
		$language = $services->getContentLanguage();
		foreach ( json_decode( $this->getStdin( self::STDIN_ALL ) ) as $name ) {
			// What the API does with all that it is sent.
			$name = $language->normalize( $name );
			$title = str_contains( $name, '#' ) ? null : Title::newFromText( $name, NS_USER );
			if ( $title && $title->inNamespace( NS_USER ) && IPUtils::isValid( $title->getText() ) ) {
				$found[] = $title->getText();
				continue;
			}
			$canonical = $utils->getCanonical( $name );
			$found[] = $canonical === false ? false : $language->normalize( $canonical );
		}
		echo json_encode( $found, JSON_UNESCAPED_UNICODE ), "\n";
	}
}

$maintClass = Names::class;
require_once RUN_MAINTENANCE_IF_MAIN;
