<?php
namespace FarmPages;

use ApiBase;
use CommentStoreComment;
use MediaWiki\MediaWikiServices;
use MediaWiki\Revision\SlotRecord;
use Title;
use User;
use WikiPage;
use WikitextContent;

/** A colleague who does something to a page while it is deleted. */
class Hooks {
	/** @var bool The colleague's own deletion is left alone */
	private static $busy = false;

	/**
	 * @param ApiBase $module The module that is about to run
	 */
	public static function beforeRequest( ApiBase $module ) {
		if ( $module->getModuleName() === 'delete' ) {
			$title = Title::newFromID( $module->getRequest()->getInt( 'pageid' ) );
			if ( $title ) {
				self::interfere( 'before', $title );
			}
		}
	}

	/**
	 * @param WikiPage $page The page that is about to be deleted, already loaded
	 * @param User $user Who deletes it
	 * @param string &$reason What will be logged
	 */
	public static function duringDeletion( WikiPage $page, User $user, &$reason ) {
		$reason = self::setting( 'FarmPagesReason' ) ?? $reason;
		self::interfere( 'during', Title::newFromID( $page->getId() ) ?? $page->getTitle() );
	}

	/**
	 * @param string $when before or during
	 * @param Title $title The page
	 */
	private static function interfere( string $when, Title $title ) {
		$what = self::setting( 'FarmPagesInterference' )[$when] ?? null;
		if ( $what === null || self::$busy ) {
			return;
		}
		self::$busy = true;
		$services = MediaWikiServices::getInstance();
		$colleague = User::newSystemUser( 'Colleague', [ 'steal' => true ] );
		$page = $services->getWikiPageFactory()->newFromTitle( $title );
		if ( $what === 'edit' ) {
			$updater = $page->newPageUpdater( $colleague );
			$updater->setContent( SlotRecord::MAIN, new WikitextContent( 'edited' ) );
			$updater->saveRevision( CommentStoreComment::newUnsavedComment( 'meanwhile' ) );
		} elseif ( $what === 'delete' ) {
			$services->getDeletePageFactory()->newDeletePage( $page, $colleague )
				->deleteUnsafe( 'meanwhile' );
		} elseif ( $what === 'move' ) {
			$target = Title::makeTitle( $title->getNamespace(), $title->getText() . ' moved' );
			$services->getMovePageFactory()->newMovePage( $title, $target )
				->move( $colleague, 'meanwhile', false );
		}
		self::$busy = false;
	}

	/**
	 * @param string $name The setting, without its prefix
	 * @return mixed
	 */
	private static function setting( string $name ) {
		return MediaWikiServices::getInstance()->getMainConfig()->get( $name );
	}
}
