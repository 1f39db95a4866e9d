<?php
namespace FarmLink;

use MediaWiki\Auth\AuthenticationRequest;
use Message;

/**
 * What the provider asks for in one step; the id says which step it is.
 */
class Request extends AuthenticationRequest {
	private const HELP = 'farmlink-code-help';

	/** @var string[] What the fields were filled in with */
	public $given = [];
	/** @var string */
	private $id;
	/** @var array[] */
	private $fields;
	/** @var string|null */
	private $account;

	/**
	 * @param string $id
	 * @param array[] $fields
	 * @param string|null $account
	 */
	private function __construct( string $id, array $fields, ?string $account = null ) {
		$this->id = $id;
		$this->fields = $fields;
		$this->account = $account;
	}

	/**
	 * The first step, which is one of those by which an account may be linked.
	 *
	 * @param string $account
	 * @return self
	 */
	public static function first( string $account ): self {
		$request = new self(
			'FarmLinkRequest',
			[ 'farmcode' => [ 'type' => 'string', 'label' => 'farmlink-code', 'help' => self::HELP ] ],
			$account
		);
		$request->required = self::PRIMARY_REQUIRED;
		return $request;
	}

	/**
	 * The first step of a login, which may be left out.
	 *
	 * @return self
	 */
	public static function login(): self {
		$request = new self( 'FarmLoginRequest', [
			'farmlogin' => [ 'type' => 'string', 'label' => 'farmlink-code', 'help' => self::HELP ],
		] );
		$request->required = self::OPTIONAL;
		return $request;
	}

	/**
	 * A step with a field of each type.
	 *
	 * @return self
	 */
	public static function second(): self {
		$colours = [ 'red' => 'Red', 'blue' => 'Blue' ];
		return new self( 'FarmLinkSecondRequest', [
			'info' => [ 'type' => 'null', 'label' => 'farmlink-info', 'help' => self::HELP ],
			'second' => [
				'type' => 'string', 'label' => 'farmlink-second', 'help' => self::HELP, 'value' => 'dflt',
			],
			'pin' => [
				'type' => 'password', 'label' => 'farmlink-pin', 'optional' => true, 'sensitive' => true,
			],
			'color' => [
				'type' => 'select', 'label' => 'farmlink-color', 'optional' => true, 'options' => $colours,
			],
			'multi' => [
				'type' => 'multiselect', 'label' => 'farmlink-multi', 'optional' => true,
				'options' => $colours,
			],
			'agree' => [ 'type' => 'checkbox', 'label' => 'farmlink-agree', 'optional' => true ],
			'hid' => [
				'type' => 'hidden', 'label' => 'farmlink-hidden', 'optional' => true, 'value' => 'h-value',
			],
			'go' => [ 'type' => 'button', 'label' => 'farmlink-go', 'optional' => true ],
		] );
	}

	/**
	 * What has to come back from a redirect.
	 *
	 * @return self
	 */
	public static function comeBack(): self {
		return new self( 'FarmLinkReturnRequest', [
			'state' => [ 'type' => 'string', 'label' => 'farmlink-state' ],
		] );
	}

	/**
	 * The removal of one account that is linked.
	 *
	 * @param string $account
	 * @return self
	 */
	public static function remove( string $account ): self {
		$request = new self( "FarmLinkRemoveRequest:$account", [], $account );
		$request->required = self::OPTIONAL;
		return $request;
	}

	/** @inheritDoc */
	public static function __set_state( $data ) {
		$request = new self( $data['id'], $data['fields'], $data['account'] );
		foreach ( $data as $name => $value ) {
			$request->$name = $value;
		}
		return $request;
	}

	/** @return string|null The account at the provider */
	public function getAccount(): ?string {
		return $this->account;
	}

	/** @inheritDoc */
	public function getUniqueId() {
		return $this->id;
	}

	/** @inheritDoc */
	public function getFieldInfo() {
		return array_map( static function ( array $field ) {
			if ( isset( $field['options'] ) ) {
				$field['options'] = array_map( static function ( string $text ) {
					return new \RawMessage( $text );
				}, $field['options'] );
			}
			$help = $field['help'] ?? $field['label'];
			$parameters = $field['label'] === 'farmlink-info' ? [ 'you' ] : [];
			$field['label'] = new Message( $field['label'], $parameters );
			$field['help'] = new Message( $help );
			return $field;
		}, $this->fields );
	}

	/**
	 * The base class sets a property for each field.
	 *
	 * @param string $name
	 * @param mixed $value
	 */
	public function __set( $name, $value ) {
		$this->given[$name] = $value;
	}

	/** @inheritDoc */
	public function describeCredentials() {
		if ( $this->account === null ) {
			return parent::describeCredentials();
		}
		return [
			'provider' => new Message( 'farmlink-provider' ),
			'account' => new Message( 'farmlink-account', [ $this->account ] ),
		];
	}
}
