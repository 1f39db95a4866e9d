<?php
/**
 * Say what MediaWiki makes of texts: a line of JSON in, a line of JSON out.
 *
 * MediaWiki 1.39 takes the upper case of a first letter. Later releases take PHP's
 * title case, and Wikimedia's wikis keep one letter: that is set here, unless the
 * wiki's own first letters are wanted.
 */

use MediaWiki\MediaWikiServices;
use MediaWiki\ParamValidator\TypeDef\UserDef;
use Wikimedia\IPUtils;
use Wikimedia\ParamValidator\ParamValidator;
use Wikimedia\ParamValidator\TypeDef\ExpiryDef;
use Wikimedia\Timestamp\ConvertibleTimestamp;

require_once getenv( 'MW_INSTALL_PATH' ) . '/maintenance/Maintenance.php';

class Oracle extends Maintenance {
	/** From this second on no later release takes an expiry (ExpiryDef::isInMwRange). */
	private const TOO_LATE = '9999-12-31T00:00:00Z';

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
		while ( ( $line = fgets( STDIN ) ) !== false ) {
			[ $about, $texts ] = json_decode( $line );
			$found = array_map( [ $this, $about ], $texts );
			echo json_encode( $found, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR ), "\n";
		}
	}

	/** What the API does with all that it is sent, and that it answers. */
	private function received( string $text ): string {
		return MediaWikiServices::getInstance()->getContentLanguage()->normalize( $text );
	}

	private function name( string $text ): ?string {
		$name = $this->received( $text );
		$title = str_contains( $name, '#' ) ? null : Title::newFromText( $name, NS_USER );
		if ( $title && $title->inNamespace( NS_USER ) && IPUtils::isValid( $title->getText() ) ) {
			return $title->getText();
		}
		$utils = MediaWikiServices::getInstance()->getUserNameUtils();
		$canonical = $utils->getCanonical( $name );
		return $canonical === false ? null : $this->received( $canonical );
	}

	/**
	 * The value of a parameter of the API, as its module gets it; null if it is refused.
	 *
	 * @param array $asked the kind of parameter, its text, and the present time
	 */
	private function parameter( array $asked ) {
		[ $kind, $text, $now ] = $asked;
		$main = new ApiMain( new FauxRequest( [ 'given' => $text ] ) );
		$settings = [ ParamValidator::PARAM_TYPE => $kind ];
		if ( $kind === 'user' ) {
			$settings[UserDef::PARAM_ALLOWED_USER_TYPES] = [ 'name', 'ip', 'cidr' ];
		} elseif ( $kind === 'list' ) {
			$settings = [ ParamValidator::PARAM_TYPE => 'string', ParamValidator::PARAM_ISMULTI => true ];
		}
		ConvertibleTimestamp::setFakeTime( $now );
		try {
			$found = $main->getParamValidator()->getValue( $main, 'given', $settings );
			if ( $kind === 'timestamp' ) {
				return wfTimestamp( TS_ISO_8601, $found );
			}
			return $kind === 'user' ? $this->received( $found ) : $found;
		} catch ( ApiUsageException $refused ) {
			return null;
		} finally {
			ConvertibleTimestamp::setFakeTime( false );
		}
	}

	private function title( string $text ): ?array {
		$title = Title::newFromText( $this->received( $text ) );
		// A section alone has an empty title.
		return $title && !$title->isExternal() && $title->getText() !== ''
			? [ $title->getNamespace(), $this->received( $title->getText() ) ]
			: null;
	}

	/** The time stamp of a moment, in seconds since 1970. */
	private function written( int $seconds ): string {
		return wfTimestamp( TS_ISO_8601, $seconds === 0 ? '00' : $seconds );
	}

	private function expiry( array $asked ): ?string {
		[ $text, $now ] = $asked;
		ConvertibleTimestamp::setFakeTime( $now );
		try {
			$found = ExpiryDef::normalizeExpiry( $text );
		} catch ( InvalidArgumentException | TimestampException $refused ) {
			return null;
		} finally {
			ConvertibleTimestamp::setFakeTime( false );
		}
		if ( $found === 'infinity' ) {
			return $found;
		}
		$seconds = (int)$found->getTimestamp();
		return $seconds < strtotime( self::TOO_LATE ) && $seconds > strtotime( '0000-01-01T00:00:00Z' )
			? $this->written( $seconds )
			: null;
	}

	/** An address or a range in its one form, and whether it is a range. */
	private function address( string $text ): ?string {
		if ( !IPUtils::isIPAddress( $text ) ) {
			return null;
		}
		return IPUtils::isValidRange( $text )
			? IPUtils::sanitizeRange( $text )
			: IPUtils::sanitizeIP( $text );
	}

	/** Which type of token a module of the API wants; null if none, false if it is not there. */
	private function token( string $module ) {
		$modules = ( new ApiMain() )->getModuleManager();
		return $modules->isDefined( $module )
			? ( $modules->getModule( $module )->needsToken() ?: null )
			: false;
	}
}

$maintClass = Oracle::class;
require_once RUN_MAINTENANCE_IF_MAIN;
