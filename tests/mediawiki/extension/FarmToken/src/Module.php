<?php
namespace FarmToken;

use ApiBase;

/** A module that does nothing, with the type of token that the settings name. */
class Module extends ApiBase {
	/** @inheritDoc */
	public function execute() {
		$this->getResult()->addValue( null, $this->getModuleName(), [ 'done' => true ] );
	}

	/** @inheritDoc */
	public function needsToken() {
		return $this->getConfig()->get( 'FarmTokenType' );
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
