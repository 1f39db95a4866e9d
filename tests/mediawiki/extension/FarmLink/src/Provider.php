<?php
namespace FarmLink;

use BadMethodCallException;
use MediaWiki\Auth\AbstractPrimaryAuthenticationProvider;
use MediaWiki\Auth\AuthenticationRequest;
use MediaWiki\Auth\AuthenticationResponse;
use MediaWiki\Auth\AuthManager;
use MediaWiki\User\UserOptionsManager;
use Message;
use RuntimeException;
use StatusValue;

/**
 * A provider that answers as it is told: the first field holds words, of which the first
 * says what is answered now, and the others what is answered to the steps after it.
 */
class Provider extends AbstractPrimaryAuthenticationProvider {
	private const DATA = 'FarmLink';
	private const OPTION = 'farmlink-accounts';

	/** @var UserOptionsManager */
	private $options;

	/** @param UserOptionsManager $options Where the accounts are kept that are linked */
	public function __construct( UserOptionsManager $options ) {
		$this->options = $options;
	}

	/** @inheritDoc */
	public function accountCreationType() {
		return self::TYPE_LINK;
	}

	/** @inheritDoc */
	public function getAuthenticationRequests( $action, array $options ) {
		switch ( $action ) {
			case AuthManager::ACTION_LOGIN:
				return [ Request::login() ];
			case AuthManager::ACTION_LINK:
				return [ Request::first( $options['username'] ?? '-' ) ];
			case AuthManager::ACTION_REMOVE:
				return array_map( [ Request::class, 'remove' ], $this->linked( $options['username'] ) );
			default:
				return [];
		}
	}

	/** @inheritDoc */
	public function beginPrimaryAuthentication( array $reqs ) {
		return $this->begin( $reqs, 'farmlogin', null );
	}

	/** @inheritDoc */
	public function continuePrimaryAuthentication( array $reqs ) {
		return $this->goOn( $reqs, null );
	}

	/** @inheritDoc */
	public function beginPrimaryAccountLink( $user, array $reqs ) {
		return $this->begin( $reqs, 'farmcode', $user );
	}

	/** @inheritDoc */
	public function continuePrimaryAccountLink( $user, array $reqs ) {
		return $this->goOn( $reqs, $user );
	}

	/** @inheritDoc */
	public function beginPrimaryAccountCreation( $user, $creator, array $reqs ) {
		throw new BadMethodCallException( 'No accounts are created by linking.' );
	}

	/** @inheritDoc */
	public function testUserExists( $username, $flags = 0 ) {
		return false;
	}

	/** @inheritDoc */
	public function providerAllowsAuthenticationDataChange(
		AuthenticationRequest $req, $checkData = true
	) {
		return StatusValue::newGood( $req instanceof Request ? null : 'ignored' );
	}

	/** @inheritDoc */
	public function providerChangeAuthenticationData( AuthenticationRequest $req ) {
		if ( $req instanceof Request && $req->action === AuthManager::ACTION_REMOVE ) {
			$this->save( $req->username, array_diff(
				$this->linked( $req->username ), [ $req->getAccount() ]
			) );
		}
	}

	/**
	 * @param AuthenticationRequest[] $reqs
	 * @param string $field
	 * @param \User|null $user Whose account is linked; null to log in
	 * @return AuthenticationResponse
	 */
	private function begin( array $reqs, string $field, $user ) {
		$request = AuthenticationRequest::getRequestByClass( $reqs, Request::class );
		if ( !$request || $request->given[$field] === 'abstain' ) {
			return AuthenticationResponse::newAbstain();
		}
		$words = explode( ' ', $request->given[$field] );
		return $this->answer( $words, $request->returnToUrl, $user );
	}

	/**
	 * @param AuthenticationRequest[] $reqs
	 * @param \User|null $user
	 * @return AuthenticationResponse
	 */
	private function goOn( array $reqs, $user ) {
		$data = $this->manager->getAuthenticationSessionData( self::DATA );
		$request = AuthenticationRequest::getRequestByClass( $reqs, Request::class );
		if ( $data['state'] !== null ) {
			if ( !$request ) {
				return $this->redirection( $data );
			}
			if ( $request->given['state'] !== $data['state'] ) {
				return $this->failure( 'state mismatch' );
			}
			return $this->answer( $data['then'] ?: [ 'pass' ], $data['back'], $user );
		}
		if ( !$request ) {
			return $this->question( 'again' );
		}
		$words = $data['then'] ?: explode( ' ', $request->given['second'] );
		return $this->answer( $words, $data['back'], $user );
	}

	/**
	 * @param string[] $words
	 * @param string|null $back
	 * @param \User|null $user
	 * @return AuthenticationResponse
	 */
	private function answer( array $words, $back, $user ) {
		$word = array_shift( $words );
		$data = [ 'then' => $words, 'back' => $back, 'state' => null ];
		switch ( $word ) {
			case 'pass':
				return $this->success( $user );
			case 'ui':
				$this->manager->setAuthenticationSessionData( self::DATA, $data );
				return $this->question( $user ? $user->getName() : 'you' );
			case 'redirect':
				$data['state'] = bin2hex( random_bytes( 6 ) );
				$this->manager->setAuthenticationSessionData( self::DATA, $data );
				return $this->redirection( $data );
			case 'restart':
				// Of a login, MediaWiki makes RESTART of this; in a linking it breaks down.
				return $user
					? AuthenticationResponse::newRestart( new Message( 'farmlink-restart' ) )
					: AuthenticationResponse::newPass();
			case 'throw':
				throw new RuntimeException( 'farm provider exploded' );
			default:
				return $this->failure( $word );
		}
	}

	/**
	 * @param \User|null $user
	 * @return AuthenticationResponse
	 */
	private function success( $user ) {
		if ( $user ) {
			$linked = $this->linked( $user->getName() );
			$linked[] = 'ext' . bin2hex( random_bytes( 4 ) );
			$this->save( $user->getName(), $linked );
		}
		return AuthenticationResponse::newPass();
	}

	/**
	 * @param string $whom
	 * @return AuthenticationResponse
	 */
	private function question( string $whom ) {
		return AuthenticationResponse::newUI(
			[ Request::second() ], new Message( 'farmlink-ui', [ $whom ] )
		);
	}

	/**
	 * @param array $data
	 * @return AuthenticationResponse
	 */
	private function redirection( array $data ) {
		$url = wfAppendQuery( $this->config->get( 'FarmLinkPage' ), [
			'state' => $data['state'],
			'back' => $data['back'],
		] );
		return AuthenticationResponse::newRedirect( [ Request::comeBack() ], $url, [
			'state' => $data['state'],
			'n' => 5,
			'nested' => [ 'a' => true, 'b' => null ],
		] );
	}

	/**
	 * @param string $code
	 * @return AuthenticationResponse
	 */
	private function failure( string $code ) {
		return AuthenticationResponse::newFail( new Message( 'farmlink-fail', [ $code ] ) );
	}

	/**
	 * @param string $name
	 * @return string[] Accounts that are linked
	 */
	private function linked( string $name ): array {
		$user = \User::newFromName( $name );
		return array_filter( explode( '|', $this->options->getOption( $user, self::OPTION, '' ) ) );
	}

	/**
	 * @param string $name
	 * @param string[] $accounts
	 */
	private function save( string $name, array $accounts ) {
		$user = \User::newFromName( $name );
		$this->options->setOption( $user, self::OPTION, implode( '|', $accounts ) );
		$this->options->saveOptions( $user );
	}
}
