<?php
namespace FarmToken;

use ApiBase;
use Wikimedia\ParamValidator\ParamValidator;

/** A module that does nothing, with the type of token that the settings name. */
class Module extends ApiBase {
	/** @inheritDoc */
	public function execute() {
		$key = $this->getParameter( 'under' );
		$this->getResult()->addValue( null, $key, [ 'done' => true ] );
	}

	/** @inheritDoc */
	public function needsToken() {
		return $this->getConfig()->get( 'FarmTokenType' );
	}

	/** @inheritDoc */
	public function getAllowedParams() {
		return [ 'under' => [ ParamValidator::PARAM_DEFAULT => $this->getModuleName() ] ];
	}

	/** @inheritDoc */
	public function isWriteMode() {
		return true;
	}

	/** @inheritDoc */
	public function mustBePosted() {
		return true;
	}
}
